"""Letters on their way out. The letter itself is an Email of direction `out`; this is what becomes of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from mailbox.models.accounts import SmtpAccount
from mailbox.models.letters import Email

# The addresses of a letter's recipients as one text, in lower case, which has an index of trigrams.
ADDRESSES = Cast(
    Func(F("recipients"), Value("$[*].address"), function="jsonb_path_query_array"), output_field=models.TextField()
)


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

    class Copy(models.TextChoices):
        """Of the copy that we put into the Sent folder; empty where none is wanted."""

        WAITING = "waiting", _("not there yet")
        KEPT = "kept", _("in the Sent folder")
        FAILED = "failed", _("could not be kept")

    email = models.OneToOneField(Email, on_delete=models.PROTECT, related_name="outgoing")
    # Empty: the null return path of automatic letters.
    envelope_from = models.CharField(max_length=320, blank=True)
    # [{"address": …, "state": one of mailbox.smtp.Result, "said": the server's words}, …]
    recipients = models.JSONField(default=list)
    # As mailbox.answering.counted() spells it: how often somebody got an automatic letter is counted by it.
    to_address = models.CharField(max_length=320)
    is_automatic = models.BooleanField(default=False)
    # It has left, and somebody outside the desk has surely not got it.
    is_lacking = models.BooleanField(default=False, db_default=False)
    # The letters that told who has not got it: what they say stands in the recipients, so people look here only.
    bounces = models.ManyToManyField(Email, related_name="+")
    answers = models.ForeignKey(Email, null=True, blank=True, on_delete=models.PROTECT, related_name="answers_sent")
    # Empty: by the account of the settings.
    account = models.ForeignKey(
        SmtpAccount,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="letters",
        verbose_name=_("account"),
        # Those below begin with it.
        db_index=False,
    )
    # Who wrote it; empty where a program did.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    # The server's last words.
    said = models.TextField(blank=True)
    queued_at = models.DateTimeField(_("queued"))
    # It was to leave no sooner: somebody may think better of it, or wants it to leave later.
    leaves_at = models.DateTimeField(_("leaves"), null=True, blank=True)
    sending_since = models.DateTimeField(null=True, blank=True)
    # Written right before the dot that ends the letter: without it this attempt has surely given it to nobody.
    handed_at = models.DateTimeField(null=True, blank=True)
    # The last attempt; how many letters an account sends in a minute is counted by it.
    tried_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)

    copy_state = models.CharField(_("copy"), max_length=7, choices=Copy, blank=True)
    copy_attempts = models.PositiveSmallIntegerField(default=0)
    copy_next_try_at = models.DateTimeField(null=True, blank=True)
    copy_said = models.TextField(blank=True)

    class Meta:
        verbose_name = _("outgoing letter")
        verbose_name_plural = _("outgoing letters")
        indexes: ClassVar = [
            # Read every few seconds: what is to be sent, what nobody knows of, what has to be copied.
            models.Index(
                fields=["account", "is_automatic", "next_try_at", "id"],
                condition=Q(state__in=["queued", "retrying"]),
                name="outgoing_next",
            ),
            # What has waited for too long, by whatever account.
            models.Index(
                fields=["next_try_at"], condition=Q(state__in=["queued", "retrying"]), name="outgoing_waiting"
            ),
            models.Index(
                fields=["next_try_at", "id"], condition=Q(state__in=["sending", "unknown"]), name="outgoing_in_doubt"
            ),
            models.Index(fields=["copy_next_try_at", "id"], condition=Q(copy_state="waiting"), name="outgoing_to_copy"),
            models.Index(fields=["account", "-tried_at"], name="outgoing_rate"),
            # The page of all letters, newest first, whole, by state and by account.
            models.Index(fields=["-queued_at", "-id"], name="outgoing_newest"),
            models.Index(fields=["state", "-queued_at", "-id"], name="outgoing_by_state"),
            models.Index(fields=["account", "-queued_at", "-id"], name="outgoing_by_account"),
            # The few that a person has to look at.
            models.Index(
                fields=["-queued_at", "-id"],
                condition=Q(state__in=["failed", "unknown"]) | Q(is_lacking=True),
                name="outgoing_amiss",
            ),
            # The few of them that went to others.
            models.Index(fields=["-queued_at", "-id"], condition=Q(is_lacking=True), name="outgoing_lacking"),
            models.Index(
                fields=["to_address", "-queued_at"], condition=Q(is_automatic=True), name="outgoing_automatic"
            ),
            models.Index(fields=["-queued_at"], condition=Q(is_automatic=True), name="outgoing_automatic_newest"),
            GinIndex(OpClass(ADDRESSES, name="gin_trgm_ops"), name="outgoing_addresses"),
        ]

    def __str__(self) -> str:
        return f"{self.email_id} {self.state}"

    @property
    def lost(self) -> list[dict[str, str]]:
        """Of a letter that left: who has not got it and will not, each with the server's words."""
        return self.refused if self.state == self.State.SENT else []

    @property
    def refused(self) -> list[dict[str, str]]:
        """Whom servers would not give it to, before it left or after; nobody while it may still leave."""
        if self.state not in (self.State.SENT, self.State.FAILED):
            return []
        return [each for each in self.recipients if each["state"] in ("refused", "bounced")]


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
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="bad_address_newest")]

    def __str__(self) -> str:
        return self.address
