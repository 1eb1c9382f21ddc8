"""The workflow as rows: statuses, the steps between them, types. Administrators may add their own."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from incidents.models.templates import LetterKind


class StatusClass(models.TextChoices):
    """What the code knows about a status; the statuses themselves are rows that a customer may add."""

    START = "start", _("new")
    ACTIVE = "active", _("being worked")
    PAUSED = "paused", _("waiting")
    SENDING = "sending", _("sends a letter and moves on")
    END = "end", _("closed")


# The letters that a step may send; the others answer letters, or end them.
SENT_BY_STEPS = [(kind.value, kind.label) for kind in (LetterKind.ACCEPTED, LetterKind.HANDED_OVER, LetterKind.CLOSED)]


class Named(models.Model):
    """Something the administrator names in both languages of the desk."""

    name_ru = models.CharField(_("name in Russian"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        abstract = True
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_ru


class Status(Named):
    """A step of the workflow. The code asks for its class and marks, never for its key, except `error`."""

    key = models.SlugField(_("key"), max_length=50, unique=True)
    status_class = models.CharField(_("class"), max_length=10, choices=StatusClass)
    # A name of static/icons.svg.
    icon = models.CharField(_("icon"), max_length=40, default="circle-dot")
    hands_over = models.BooleanField(_("starts the contractor's clock"), default=False)
    finishes_contractor = models.BooleanField(_("stops the contractor's clock"), default=False)
    # Of class `sending` only: the letter that a step here sends. When it has left, the first step away is taken.
    sends = models.CharField(_("sends the letter"), max_length=20, choices=SENT_BY_STEPS, blank=True)

    class Meta(Named.Meta):
        verbose_name = _("status")
        verbose_name_plural = _("statuses")

    def clean(self) -> None:
        """A letter belongs to the class that sends one, and only to it."""
        if (self.status_class == StatusClass.SENDING) != bool(self.sends):
            raise ValidationError(
                {"sends": _("A status of the class “sends a letter and moves on” names its letter, no other does.")}
            )

    @property
    def is_error(self) -> bool:
        return self.key == "error"


class Transition(models.Model):
    """An allowed step. No `from_status` = from any status that is not closed."""

    from_status = models.ForeignKey(
        Status,
        verbose_name=_("from status"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="ways_out",
    )
    to_status = models.ForeignKey(Status, verbose_name=_("to status"), on_delete=models.CASCADE, related_name="ways_in")
    needs_reason = models.BooleanField(_("asks for a reason"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["from_status", "to_status"], nulls_distinct=False, name="transition_listed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_status or '*'} → {self.to_status}"


class IncidentType(Named):
    """What failed, and how long the desk has for it."""

    key = models.SlugField(_("key"), max_length=50, unique=True)
    sla = models.DurationField(_("time allowed"))
    is_active = models.BooleanField(_("in use"), default=True)
    description_ru = models.TextField(
        _("what it means, in Russian"),
        blank=True,
        help_text=_("Contractors read it in letters: what has happened and what has to be done."),
    )
    description_en = models.TextField(_("what it means, in English"), blank=True)

    class Meta(Named.Meta):
        verbose_name = _("incident type")
        verbose_name_plural = _("incident types")
