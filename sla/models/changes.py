"""What a change of the rules would do, and the bringing up to date after one: rows that workers finish in steps."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sla.models.rules import PolicyVersion


class Trial(models.Model):
    """Rules that are not in force: what they would do to the open incidents, counted slice by slice."""

    document = models.JSONField()
    # The version they were made from.
    based_on = models.PositiveIntegerField()
    # Why, as far as it is known before somebody says it.
    why = models.CharField(max_length=300, blank=True)
    # Where the form is that made them.
    back = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    # The open incidents, those looked at, and the last one looked at.
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    # Incidents of which any clock gets another deadline; that are too late at once; that are late no more.
    changed = models.PositiveIntegerField(default=0)
    overdue = models.PositiveIntegerField(default=0)
    relieved = models.PositiveIntegerField(default=0)
    # Clocks with another deadline, by kind.
    by_clock = models.JSONField(default=dict)
    # [{"code", "clock", "before", "after", "is_overdue"}], the first so many.
    examples = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True, blank=True)
    # The version that they became.
    saved_as = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("trial of rules")
        verbose_name_plural = _("trials of rules")
        indexes: ClassVar = [
            # What workers have still to count.
            models.Index(fields=["id"], condition=Q(finished_at=None), name="trial_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} on {self.based_on}"


class Recomputation(models.Model):
    """The open incidents being brought up to a version of the rules; a worker that dies leaves the rest to the next."""

    version = models.OneToOneField(PolicyVersion, on_delete=models.CASCADE, related_name="recomputation")
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    # Every open incident has been looked at.
    passed_at = models.DateTimeField(null=True, blank=True)
    # So have those that were being changed by the old rules while the new ones were saved; or newer rules came.
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("recomputation")
        verbose_name_plural = _("recomputations")
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(finished_at=None), name="recomputation_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.seen} of {self.total}"
