"""What is wrong with the mail (Trouble), who has been told of it (Notice), and what people have settled (Settled)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
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
        UNSENT = "unsent", _("letters were not sent")
        UNSURE = "unsure", _("nobody knows whether letters left")
        STUCK = "stuck", _("letters do not leave")
        BRAKE = "brake", _("automatic letters are held back")

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


class Settled(models.Model):
    """A person has looked at what went wrong with one letter or comparison: nobody has to look at it again.

    Gone with the next attempt, so that a letter that fails anew is shown anew.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("letter in quarantine")
        OUTGOING = "outgoing", _("letter of ours")
        BOUNCE = "bounce", _("letter that came back")
        RECONCILIATION = "compared", _("comparison with the server")

    kind = models.CharField(max_length=10, choices=Kind)
    # The key of the Receipt, the Outgoing, the Email that tells of the return, the Reconciliation.
    number = models.BigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "number"], name="settled_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
