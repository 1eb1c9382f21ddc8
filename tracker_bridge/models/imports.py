"""How far the import of a queue that has issues already has come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

# Without a sign of life for so long, whoever imported has died; begun again, it goes on from the last page.
SILENT = timedelta(minutes=2)


class Import(models.Model):
    """One import. It is at work while `ended_at` is empty and `moved_at` is fresh."""

    backend = models.CharField(max_length=30)
    # Issues created before are left alone; empty: all are taken.
    since = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(_("began"))
    moved_at = models.DateTimeField()
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # How far the issues over there have been read; the backend's own words.
    cursor = models.TextField(blank=True)
    # Issues over there, as far as the tracker says.
    total = models.PositiveIntegerField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    # Issues that are mirrored already, that were joined with an incident, that became one, that could not be taken in.
    known = models.PositiveIntegerField(default=0)
    linked = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # Open incidents that get an issue.
    created = models.PositiveIntegerField(default=0)
    # Why it does not go on, or the last issue that could not be taken in, in the tracker's words.
    said = models.TextField(blank=True)
    # Seconds of work, without those between two attempts.
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name = _("import from the tracker")
        verbose_name_plural = _("imports from the tracker")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backend"], condition=models.Q(ended_at=None), name="import_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.backend} {self.began_at:%Y-%m-%d}"

    def is_cut_off(self, now: datetime) -> bool:
        """It has neither ended nor moved for long: it has to be begun again."""
        return self.ended_at is None and now - self.moved_at > SILENT

    @property
    def percent(self) -> int | None:
        """None while nobody knows how many there are; 100 only when it has ended."""
        if self.ended_at is not None:
            return 100
        return None if not self.total else min(99, self.read * 100 // self.total)

    @property
    def left(self) -> timedelta | None:
        """How long it will still take at the pace so far."""
        if self.ended_at is not None or not self.total or not self.read:
            return None
        return timedelta(seconds=round(self.seconds / self.read * max(0, self.total - self.read)))
