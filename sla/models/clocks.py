"""What the clocks of incidents said when something last happened to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident
from sla.clock import State


class IncidentClock(models.Model):
    """What a clock said when something last happened to it: a cache of sla.clock.Reading, one row a clock that runs."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="clocks")
    # A key of sla.clocks.KINDS.
    clock = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=[(state.value, state.value) for state in State])
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    # When the time allowed is over, or was; empty while the clock stands still with time left.
    due_at = models.DateTimeField(null=True, blank=True)
    # Time left where it stands still or has stopped; less than nothing: it was too late. Empty while it runs.
    left = models.DurationField(null=True, blank=True)
    # By which version and rule.
    version = models.PositiveIntegerField()
    rule = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "clock"], name="clock_of_a_kind_once")]
        indexes: ClassVar = [
            # What is about to break, clock by clock.
            models.Index(fields=["clock", "due_at"], condition=Q(state="running"), name="clock_running"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.clock}"
