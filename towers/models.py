"""The registry: poles, base stations, operators and contractors as TowerStore last told us.

Rows are never deleted, since incidents point at them: what vanished from the feed is marked `gone_at`.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from towers import searched


class Operator(models.Model):
    """A mobile operator. Several legal names may belong to one group (tele2, mts, …)."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    group = models.CharField(_("group"), max_length=50, blank=True)
    # Letters from these domains come from this operator; one domain a line item.
    domains = ArrayField(models.CharField(max_length=200), verbose_name=_("mail domains"), default=list, blank=True)

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Contractor(models.Model):
    """A company that repairs poles. Its addresses belong to the pair (contractor, pole): see Pole."""

    name = models.CharField(_("name"), max_length=300, unique=True)

    class Meta:
        verbose_name = _("contractor")
        verbose_name_plural = _("contractors")
        ordering: ClassVar = ["name"]
        indexes: ClassVar = [GinIndex(searched.CONTRACTOR_NAME_PARTS, name="contractor_name_parts")]

    def __str__(self) -> str:
        return self.name


class PoleQuerySet(models.QuerySet["Pole"]):
    def standing(self) -> Self:
        return self.filter(gone_at=None)


class Pole(models.Model):
    """A tower. People know it by `code`, TowerStore by `site_id`."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    # towers.matching.fold(code): what a prefix typed in any layout is compared with.
    code_key = models.CharField(max_length=64, editable=False)
    site_id = models.BigIntegerField(_("TowerStore number"), null=True, blank=True)
    name = models.CharField(_("name"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=100, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    height = models.FloatField(_("height, m"), null=True, blank=True)
    region = models.CharField(_("region code"), max_length=100, blank=True)
    region_ru = models.CharField(_("region"), max_length=200, blank=True)
    address = models.TextField(_("address"), blank=True)
    company = models.CharField(_("infrastructure company"), max_length=200, blank=True)
    anchor_operator = models.CharField(_("anchor operator"), max_length=200, blank=True)

    contractor = models.ForeignKey(
        Contractor,
        verbose_name=_("contractor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="poles",
    )
    contractor_emails = ArrayField(
        models.CharField(max_length=254), verbose_name=_("contractor's e-mails"), default=list, blank=True
    )
    contractor_phones = ArrayField(
        models.CharField(max_length=100), verbose_name=_("contractor's phones"), default=list, blank=True
    )
    contractor_excluded = models.BooleanField(_("contractor excluded from the contract"), default=False)

    # Kept by the database: computed for each row of a search it would cost more than the search.
    words = models.GeneratedField(expression=searched.SITE_WORDS, output_field=models.TextField(), db_persist=True)
    gone_at = models.DateTimeField(_("gone from the registry"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = PoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("pole")
        verbose_name_plural = _("poles")
        indexes: ClassVar = [
            # Autocomplete types a prefix, or any part, or words of the address.
            models.Index(OpClass("code_key", "text_pattern_ops"), name="pole_code_prefix"),
            models.Index(fields=["region_ru", "id"], name="pole_by_region"),
            models.Index(fields=["site_id"], name="pole_by_site_id"),
            GinIndex(searched.POLE_CODE_PARTS, name="pole_code_parts"),
            GinIndex(searched.POLE_WORDS, name="pole_words"),
            GinIndex(searched.POLE_PHONES, name="pole_phones"),
            # The neighbours of a pole: a band of latitudes, longitudes compared inside the index.
            models.Index(fields=["latitude", "longitude"], condition=Q(gone_at=None), name="pole_by_place"),
            # The registry's list of gone ones, which are few among the standing.
            models.Index(fields=["code"], condition=Q(gone_at__isnull=False), name="pole_gone_by_code"),
        ]

    def __str__(self) -> str:
        return self.code


class BaseStation(models.Model):
    """An operator's equipment on a pole. One name may stand on several poles: a row for each."""

    name = models.CharField(_("name"), max_length=100)
    name_key = models.CharField(max_length=100, editable=False)
    pole = models.ForeignKey(Pole, verbose_name=_("pole"), on_delete=models.CASCADE, related_name="base_stations")
    operators = models.ManyToManyField(Operator, verbose_name=_("operators"), related_name="base_stations", blank=True)
    gone_at = models.DateTimeField(_("gone from the registry"), null=True, blank=True)

    class Meta:
        verbose_name = _("base station")
        verbose_name_plural = _("base stations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pole", "name"], name="base_station_once_on_a_pole"),
        ]
        indexes: ClassVar = [
            models.Index(OpClass("name_key", "text_pattern_ops"), name="station_name_prefix"),
            GinIndex(searched.STATION_NAME_PARTS, name="station_name_parts"),
        ]

    def __str__(self) -> str:
        return self.name


class SyncRun(models.Model):
    """One synchronisation with TowerStore: what was taken, what was not and why."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        PARTLY = "partly", _("partly done")
        FAILED = "failed", _("failed")

    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    # One entry a feed, with its numbers, examples of skipped rows and, if it was refused, why: see towers.reasons.
    feeds = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("synchronisation")
        verbose_name_plural = _("synchronisations")
        indexes: ClassVar = [models.Index(fields=["-id"], name="sync_newest")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.state}"
