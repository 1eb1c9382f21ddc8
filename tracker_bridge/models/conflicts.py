"""Where both sides changed the same, and who won."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tracker_bridge.models.links import IssueLink


class Conflict(models.Model):
    """Both sides changed one field since they last agreed, or the tracker changed one that is ours alone."""

    class Winner(models.TextChoices):
        DISPATCH = "dispatch", _("Dispatch")
        TRACKER = "tracker", _("the tracker")
        # Neither side would give in: the field is left as it is on both until a person decides.
        NOBODY = "nobody", _("nobody: the field is frozen")

    link = models.ForeignKey(IssueLink, on_delete=models.CASCADE, related_name="conflicts")
    field = models.CharField(_("field"), max_length=50)
    base = models.JSONField(null=True)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    winner = models.CharField(_("kept"), max_length=10, choices=Winner)
    # Who changed it over there, if the tracker says so.
    author = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="conflict_listed")]

    def __str__(self) -> str:
        return f"{self.link_id} {self.field}"
