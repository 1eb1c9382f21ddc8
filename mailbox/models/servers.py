"""Where letters come from (Mailbox, Folder), and the ledger: what each folder showed, what became of it (Receipt)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailbox.models.letters import Email


class Mailbox(models.Model):
    """An account on a mail server. Its folders are read, never written."""

    class Security(models.TextChoices):
        SSL = "ssl", _("TLS from the first byte")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", _("none")

    class Start(models.TextChoices):
        NOW = "now", _("from now on")
        DAYS = "days", _("the last days too")
        ALL = "all", _("everything")

    address = models.CharField(_("address"), max_length=254, unique=True)
    # Named by PARSING_EMAIL_*: the settings are the truth, and what stands here follows them at each start.
    from_settings = models.BooleanField(default=False)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(_("encryption"), max_length=10, choices=Security, default=Security.SSL)
    login = models.CharField(_("login"), max_length=254)
    # Sealed by mailbox.sealing; empty where the settings hold it.
    password = models.TextField(_("password"), blank=True)
    is_watched = models.BooleanField(_("watched"), default=True)
    # How much of what was there before is taken in when a folder is looked at for the first time.
    start = models.CharField(_("letters from before"), max_length=5, choices=Start, default=Start.NOW)
    start_days = models.PositiveSmallIntegerField(_("days"), default=30)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.address


class Folder(models.Model):
    """A folder we watch, with the cursor of what is already stored. One row for (mailbox, raw folder name)."""

    class Role(models.TextChoices):
        INBOX = "inbox", _("incoming letters")
        SENT = "sent", _("sent letters")

    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="folders")
    # The server's own spelling (modified UTF-7), since some servers refuse any other.
    name = models.CharField(_("folder"), max_length=300)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    is_watched = models.BooleanField(_("watched"), default=True)
    # Since when somebody wants it watched: a folder that was switched on a minute ago is not late yet.
    watched_since = models.DateTimeField(default=timezone.now)
    # The first good look. Letters much older than it are history: they alarm nobody.
    connected_at = models.DateTimeField(_("connected"), null=True, blank=True)

    uidvalidity = models.BigIntegerField(default=0)
    next_uid = models.BigIntegerField(default=1)
    # Letters below this one were there before and stay unread by choice; so many they were.
    first_uid = models.BigIntegerField(default=1)
    left_out = models.PositiveIntegerField(default=0)
    # Letters from before the connection that are taken in beside the new ones: the next of them, the end, how many.
    old_next_uid = models.BigIntegerField(default=0)
    old_end_uid = models.BigIntegerField(default=0)
    old_total = models.PositiveIntegerField(default=0)
    old_done = models.PositiveIntegerField(default=0)

    last_ok_at = models.DateTimeField(_("last good look"), null=True, blank=True)
    last_letter_at = models.DateTimeField(_("last letter"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    failed_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    # Somebody asked for a look at once.
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("mail folder")
        verbose_name_plural = _("mail folders")
        constraints: ClassVar = [models.UniqueConstraint(fields=["mailbox", "name"], name="folder_once_a_mailbox")]

    def __str__(self) -> str:
        return f"{self.mailbox}/{self.name}"


class Receipt(models.Model):
    """One letter as one folder showed it once (or one imported file), with its fate."""

    class State(models.TextChoices):
        NEW = "new", _("not taken yet")
        OPENED = "opened", _("opened an incident")
        JOINED = "joined", _("joined an incident")
        COPY = "copy", _("copy of a stored letter")
        KEPT = "kept", _("kept without incident")
        QUARANTINED = "quarantined", _("quarantined")

    # Empty folder: fed by hand (import_mail).
    folder = models.ForeignKey(Folder, null=True, blank=True, on_delete=models.PROTECT, related_name="receipts")
    uidvalidity = models.BigIntegerField(null=True, blank=True)
    uid = models.BigIntegerField(null=True, blank=True)
    direction = models.CharField(max_length=3, choices=Email.Direction)
    # Empty while the server names the letter but does not hand it over.
    sha256 = models.CharField(max_length=64, blank=True)
    # As the server says; more than the bytes stored if the letter was too large to fetch whole.
    size = models.PositiveIntegerField(_("size, bytes"))
    # INTERNALDATE of the server, or the moment of the import.
    received_at = models.DateTimeField(_("received"))
    stored_at = models.DateTimeField(_("stored"), auto_now_add=True)

    state = models.CharField(_("fate"), max_length=12, choices=State, default=State.NEW)
    # By which rule a letter was kept without incident (mailbox.rules.KEPT_BY); empty for the other fates.
    rule = models.CharField(_("rule"), max_length=20, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    # It lay there long before the mailbox was connected: history, which alarms nobody.
    is_old = models.BooleanField(default=False)
    email = models.ForeignKey(Email, null=True, blank=True, on_delete=models.PROTECT, related_name="receipts")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["folder", "uidvalidity", "uid"], name="receipt_stored_once"),
            models.CheckConstraint(
                condition=Q(folder=None, uid=None, uidvalidity=None)
                | Q(folder__isnull=False, uid__gt=0, uidvalidity__isnull=False),
                name="receipt_uid_with_folder",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["new", "quarantined"]) | Q(email__isnull=False),
                name="receipt_taken_has_a_letter",
            ),
        ]
        indexes: ClassVar = [
            # Read every few seconds by mailbox.inbox.claim_next().
            models.Index(fields=["is_old", "id"], condition=Q(state="new"), name="receipt_not_taken"),
            models.Index(fields=["-id"], condition=Q(state="quarantined"), name="receipt_quarantined"),
            HashIndex(fields=["sha256"], name="receipt_by_bytes"),
            # The page of all letters, newest first, and by fate; the day's balance, which reads nothing else.
            models.Index(fields=["-received_at", "-id"], include=("folder", "state"), name="receipt_newest"),
            models.Index(fields=["state", "-received_at", "-id"], name="receipt_by_fate"),
            models.Index(fields=["-received_at", "-id"], condition=Q(is_old=True), name="receipt_history"),
        ]

    def __str__(self) -> str:
        return f"{self.folder or 'import'} {self.uid or self.pk}: {self.state}"


class Reconciliation(models.Model):
    """One nightly comparison of a folder on the server with the ledger."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="reconciliations")
    at = models.DateTimeField(_("moment"))
    on_server = models.PositiveIntegerField(_("on the server"), default=0)
    in_ledger = models.PositiveIntegerField(_("of them in the ledger"), default=0)
    # In the ledger, and no longer on the server: people delete and move letters.
    gone = models.PositiveIntegerField(_("gone from the server"), default=0)
    # On the server and not in the ledger: the first thousand.
    missing = ArrayField(models.BigIntegerField(), default=list, blank=True)
    # In the ledger, and the bytes are not in the store.
    without_bytes = models.PositiveIntegerField(_("without bytes"), default=0)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        indexes: ClassVar = [models.Index(fields=["folder", "-at"], name="reconciliation_newest")]

    def __str__(self) -> str:
        return f"{self.folder} {self.at:%Y-%m-%d}"
