"""What administrators say about senders."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SenderRule(models.Model):
    """What letters of one sender, or of everybody of a domain, may cause."""

    class Action(models.TextChoices):
        # Monitoring programs mark their alarms as automatic; these are work all the same.
        OPEN = "open", _("opens incidents, even with an automatic letter")
        KEEP = "keep", _("never opens an incident")

    # "robot@operator.example" or "@operator.example", in lower case; the full address is stronger.
    sender = models.CharField(_("sender"), max_length=320, unique=True)
    action = models.CharField(_("action"), max_length=5, choices=Action)
    note = models.CharField(_("note"), max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("sender's rule")
        verbose_name_plural = _("senders' rules")
        ordering: ClassVar = ["sender"]

    def __str__(self) -> str:
        return f"{self.sender}: {self.action}"
