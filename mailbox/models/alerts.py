"""What is wrong with the mail (Trouble), and who has been told of it (Notice)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailbox.models.servers import Folder


class Trouble(models.Model):
    """One thing that is wrong, from the minute it was found until it was well again."""

    class Kind(models.TextChoices):
        BEHIND = "behind", _("a folder is not read")
        UNTAKEN = "untaken", _("letters are not taken")
        QUARANTINE = "quarantine", _("letters in quarantine")
        MISSING = "missing", _("letters are missing")

    kind = models.CharField(max_length=10, choices=Kind)
    # Empty for what is no single folder's.
    folder = models.ForeignKey(Folder, null=True, blank=True, on_delete=models.CASCADE, related_name="troubles")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    # How many letters the last message spoke of, and when it was written; more letters are worth another one.
    told = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "folder"], condition=Q(until=None), nulls_distinct=False, name="trouble_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.folder or ''}".strip()


class Notice(models.Model):
    """A message to one recipient: written with the trouble in one transaction, sent and retried by the clock."""

    class Channel(models.TextChoices):
        TELEGRAM = "telegram", _("Telegram")
        EMAIL = "email", _("e-mail")

    class State(models.TextChoices):
        WAITING = "waiting", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not delivered")

    channel = models.CharField(max_length=10, choices=Channel)
    # A chat or an address.
    recipient = models.CharField(max_length=320)
    title = models.CharField(max_length=200)
    text = models.TextField()
    # The trouble is over: a message of this kind calms.
    is_good = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    # What the server answered last, in words without any secret.
    said = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            # Read every minute by mailbox.alerts.deliver().
            models.Index(fields=["next_try_at"], condition=Q(state="waiting"), name="notice_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.title}"
