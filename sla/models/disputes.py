"""Links by which somebody without an account sees the reckoning of one clock."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident


class DisputeLink(models.Model):
    """One clock of an incident as it was reckoned at a moment, shown to whoever has the link until it ends."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="dispute_links")
    clock = models.CharField(max_length=20)
    # sla.explaining.Account.as_json: whatever happens later, the link shows this.
    account = models.JSONField()
    at = models.DateTimeField(_("moment"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("link to a reckoning")
        verbose_name_plural = _("links to reckonings")
        indexes: ClassVar = [models.Index(fields=["incident", "-id"], name="dispute_links_of_incident")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.clock}"
