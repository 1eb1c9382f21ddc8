"""Letters that a step of the status sends, and what follows for the incident when they have left or have not."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident, IncidentEvent
from incidents.models.templates import LetterKind


class Notice(models.Model):
    """One automatic letter that a step wants. The step moves on when all of its letters have left."""

    class Audience(models.TextChoices):
        OPERATOR = "operator", _("the operator")
        CONTRACTOR = "contractor", _("the contractor")

    class State(models.TextChoices):
        # It is written by the clock: its files are to be read, or the brake on automatic letters is on until then.
        HELD = "held", _("held back")
        QUEUED = "queued", _("on its way")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        # The step was undone, or left by hand, before the letter had left.
        DROPPED = "dropped", _("dropped")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notices")
    # The step into the status that sends.
    event = models.ForeignKey(IncidentEvent, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(_("letter"), max_length=20, choices=LetterKind)
    audience = models.CharField(max_length=10, choices=Audience)
    state = models.CharField(_("state"), max_length=10, choices=State)
    # None while it is held. A letter of unknown fate that a person sends again is the same letter.
    outgoing = models.ForeignKey(
        "mailbox.Outgoing", null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    # Whose step it was; empty: Dispatch itself.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("moment"))
    # Since when nobody can tell whether it has left.
    unknown_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "audience"], name="notice_once_a_step"),
            models.UniqueConstraint(
                fields=["incident", "audience"],
                condition=Q(state__in=["held", "queued"]),
                name="notice_one_on_its_way",
            ),
        ]
        indexes: ClassVar = [
            # What the clock looks at.
            models.Index(fields=["id"], condition=Q(state__in=["held", "queued"]), name="notice_open"),
            # Those may have left after all, when somebody sends them again.
            models.Index(fields=["at"], condition=Q(state="failed"), name="notice_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.state}"
