"""The figures of the dashboard: copies of what incidents, clocks and letters say. They can be made anew at any time."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident


class Region(models.Model):
    """A region's name as a number, since a million rows name one."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(_("region"), max_length=200, unique=True)

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")

    def __str__(self) -> str:
        return self.name


class Fact(models.Model):
    """What the dashboard counts of one incident. One merged into another has none.

    Days are those of the desk's calendar. Numbers of rows stand without a reference, 0 for none: it is a copy.
    """

    class Outcome(models.IntegerChoices):
        IN_TIME = 0, _("in time")
        LATE = 1, _("late")

    # Not checked by the database: the check would lock incidents that people work on.
    incident = models.OneToOneField(
        Incident, primary_key=True, on_delete=models.CASCADE, related_name="fact", db_constraint=False
    )
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    # When the contractor's clock stopped.
    contractor_closed_on = models.DateField(null=True)
    type = models.IntegerField()
    operator = models.IntegerField()
    contractor = models.IntegerField()
    dispatcher = models.IntegerField()
    pole = models.IntegerField()
    region = models.SmallIntegerField()
    # Of the week in which it was opened, from Monday's midnight on: 0 to 167.
    hour = models.SmallIntegerField()
    # By the clocks. Empty while it is open, or where there was no deadline.
    outcome = models.SmallIntegerField(choices=Outcome, null=True)
    contractor_outcome = models.SmallIntegerField(choices=Outcome, null=True)
    # From the opening to the first letter of ours, to closing, and how long the contractor took: see figures.bins.
    answer_bin = models.SmallIntegerField(null=True)
    repair_bin = models.SmallIntegerField(null=True)
    contractor_bin = models.SmallIntegerField(null=True)

    class Meta:
        verbose_name = _("figure of an incident")
        verbose_name_plural = _("figures of incidents")
        # Days of a period, and the lists behind the numbers.
        indexes: ClassVar = [
            models.Index(fields=["opened_on"], name="fact_by_opening"),
            models.Index(fields=["closed_on"], name="fact_by_closing"),
            models.Index(fields=["contractor_closed_on"], name="fact_by_contractors_end"),
            # What is open, which is little; read without the rows themselves.
            models.Index(
                fields=["incident"],
                include=("type", "operator", "region", "contractor", "dispatcher", "closed_on"),
                condition=Q(closed_on=None),
                name="fact_open",
            ),
        ]

    def __str__(self) -> str:
        return str(self.incident_id)


class FactSum(models.Model):
    """How many facts of a month are alike in two dimensions; see figures.sums.

    `codes` name what happened and how long it took, `numbers` how often. Every pair stands in both orders, so that a
    question reads neighbours.
    """

    pk = models.CompositePrimaryKey("month", "narrowed", "key", "shown", "value")
    month = models.DateField()
    narrowed = models.SmallIntegerField()
    key = models.IntegerField()
    shown = models.SmallIntegerField()
    value = models.IntegerField()
    codes = ArrayField(models.SmallIntegerField())
    numbers = ArrayField(models.IntegerField())

    class Meta:
        verbose_name = _("sum of figures")
        verbose_name_plural = _("sums of figures")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.narrowed}={self.key} {self.shown}={self.value}"


class SummedMonth(models.Model):
    """A month whose sums are those of its facts. Where one has none, questions count the facts themselves."""

    month = models.DateField(primary_key=True)

    class Meta:
        verbose_name = _("summed month")
        verbose_name_plural = _("summed months")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class LetterSum(models.Model):
    """Letters that reached the desk and left it on a day."""

    day = models.DateField(primary_key=True)
    came = models.IntegerField()
    left = models.IntegerField()

    class Meta:
        verbose_name = _("letters of a day")
        verbose_name_plural = _("letters of days")

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class Followed(models.Model):
    """How far the figures have followed; one row. See figures.following."""

    # Everything up to `sure_*` is in the figures. What was seen beyond is looked at again, until no transaction that
    # might still bring a smaller number is open: those with numbers below `horizon`.
    sure_event = models.BigIntegerField(default=0)
    seen_event = models.BigIntegerField(default=0)
    sure_email = models.BigIntegerField(default=0)
    seen_email = models.BigIntegerField(default=0)
    horizon = models.BigIntegerField(default=0)
    # Incidents that a failed reaction has still something to do for.
    again = ArrayField(models.BigIntegerField(), default=list)
    # The zone whose days the figures count.
    zone = models.CharField(max_length=60, blank=True)
    # Another one after every step that changed something.
    stamp = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("state of the figures")
        verbose_name_plural = _("states of the figures")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
