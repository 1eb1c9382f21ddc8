"""Letters on their way out. The letter itself is an Email of direction `out`; this is what becomes of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailbox.models.letters import Email


class Outgoing(models.Model):
    """A letter of ours: bytes and Message-ID are stored before anybody connects to a server."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        RETRYING = "retrying", _("will be tried again")
        FAILED = "failed", _("failed")
        # The connection died after DATA: only the Sent folder or a person can tell.
        UNKNOWN = "unknown", _("unknown")
        CANCELLED = "cancelled", _("cancelled")

    email = models.OneToOneField(Email, on_delete=models.PROTECT, related_name="outgoing")
    # Empty: the null return path of automatic letters.
    envelope_from = models.CharField(max_length=320, blank=True)
    # [{"address": …, "state": one of mailbox.smtp.Result, "said": the server's words}, …]
    recipients = models.JSONField(default=list)
    # As mailbox.answering.counted() spells it: how often somebody got an automatic letter is counted by it.
    to_address = models.CharField(max_length=320)
    is_automatic = models.BooleanField(default=False)
    answers = models.ForeignKey(Email, null=True, blank=True, on_delete=models.PROTECT, related_name="answers_sent")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    # The server's last words.
    said = models.TextField(blank=True)
    queued_at = models.DateTimeField(_("queued"))
    sending_since = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("outgoing letter")
        verbose_name_plural = _("outgoing letters")
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at", "id"],
                condition=Q(state__in=["queued", "retrying", "sending", "unknown"]),
                name="outgoing_unfinished",
            ),
            # The few that a person has to look at.
            models.Index(
                fields=["-queued_at", "-id"], condition=Q(state__in=["failed", "unknown"]), name="outgoing_troubled"
            ),
            models.Index(
                fields=["to_address", "-queued_at"], condition=Q(is_automatic=True), name="outgoing_automatic"
            ),
            models.Index(fields=["-queued_at"], condition=Q(is_automatic=True), name="outgoing_automatic_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.email_id} {self.state}"


class BadAddress(models.Model):
    """An address from which a letter of ours came back, or which our server refused: programs write to it no more."""

    # As mailbox.answering.counted() spells it.
    address = models.CharField(_("address"), max_length=320, unique=True)
    # The letter that said so; empty where the server did.
    bounce = models.ForeignKey(Email, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    said = models.TextField(blank=True)
    at = models.DateTimeField(_("moment"))

    class Meta:
        verbose_name = _("bad address")
        verbose_name_plural = _("bad addresses")

    def __str__(self) -> str:
        return self.address
