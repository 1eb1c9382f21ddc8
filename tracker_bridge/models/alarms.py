"""What those who keep Dispatch running were told about the mirror."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Alarm(models.Model):
    """One thing that is wrong with a mirror, from the minute it was told until it was well again."""

    class Kind(models.TextChoices):
        STILL = "still", _("the mirror stands still")
        DEAD = "dead", _("changes were not told to the tracker")
        ENDING = "ending", _("the token ends soon")
        REFUSED = "refused", _("the token is not renewed")
        FULL = "full", _("issues are nearly full")

    backend = models.CharField(max_length=30)
    kind = models.CharField(max_length=10, choices=Kind)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    # How many the last message spoke of, and when it was written; more are worth another one.
    told = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField()

    class Meta:
        verbose_name = _("alarm of the mirror")
        verbose_name_plural = _("alarms of the mirror")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backend", "kind"], condition=Q(until=None), name="mirror_alarm_open_once")
        ]

    def __str__(self) -> str:
        return f"{self.backend} {self.kind}"
