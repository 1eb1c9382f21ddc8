"""Letters: where a server showed them (Receipt), what they say (Email), what came with them (Attachment).

The bytes of letters and attachments lie in mailbox.store under their SHA-256; the tables hold what is asked for.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Folder(models.Model):
    """A folder we watch, with the cursor of what is already stored. One row for (account, raw folder name)."""

    class Role(models.TextChoices):
        INBOX = "inbox", _("incoming letters")
        SENT = "sent", _("sent letters")

    account = models.CharField(_("account"), max_length=254)
    # The server's own spelling (modified UTF-7), since some servers refuse any other.
    name = models.CharField(_("folder"), max_length=300)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    uidvalidity = models.BigIntegerField(default=0)
    next_uid = models.BigIntegerField(default=1)
    # Letters below this one were there before we looked for the first time, and stay unread.
    first_uid = models.BigIntegerField(default=1)
    last_ok_at = models.DateTimeField(_("last good look"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    failed_since = models.DateTimeField(_("failing since"), null=True, blank=True)

    class Meta:
        verbose_name = _("mail folder")
        verbose_name_plural = _("mail folders")
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "name"], name="folder_once_an_account")]

    def __str__(self) -> str:
        return f"{self.account}/{self.name}"


class Email(models.Model):
    """A letter as we read it: one row however many folders showed it. Never edited after it is stored."""

    class Direction(models.TextChoices):
        IN = "in", _("incoming")
        OUT = "out", _("outgoing")

    class Kind(models.TextChoices):
        HUMAN = "human", _("letter")
        AUTOREPLY = "autoreply", _("automatic reply")
        BOUNCE = "bounce", _("undelivered")
        FEEDBACK = "feedback-report", _("complaint report")

    sha256 = models.CharField(max_length=64, unique=True)
    # mailbox.parsing.identity.content_key: equal for two deliveries of one letter.
    content_key = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField(_("size, bytes"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)

    subject = models.TextField(_("subject"), blank=True)
    from_name = models.TextField(_("sender's name"), blank=True)
    from_email = models.CharField(_("sender"), max_length=320, blank=True)
    # [{"name": …, "email": …}, …]
    to = models.JSONField(_("to"), default=list, blank=True)
    cc = models.JSONField(_("copy"), default=list, blank=True)
    # The moment the desk goes by: the server's, since the sender's clock is not evidence.
    received_at = models.DateTimeField(_("received"))
    date = models.DateTimeField(_("date in the letter"), null=True, blank=True)

    message_id = models.CharField(max_length=998)
    in_reply_to = ArrayField(models.CharField(max_length=998), default=list, blank=True)
    references = ArrayField(models.CharField(max_length=998), default=list, blank=True)

    text = models.TextField(_("text"), blank=True)
    reply_text = models.TextField(_("new text"), blank=True)
    safe_html = models.TextField(blank=True)
    has_remote_images = models.BooleanField(default=False)
    problems = models.JSONField(_("problems"), default=list, blank=True)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        permissions: ClassVar = []
        indexes: ClassVar = [
            models.Index(fields=["message_id"], name="email_by_message_id"),
            models.Index(fields=["-received_at", "-id"], name="email_newest"),
        ]

    def __str__(self) -> str:
        return self.subject or self.message_id


class ThreadId(models.Model):
    """A Message-ID that a letter has or mentions; letters that share one belong to one thread.

    Ids seen only in References count too: two answers to a letter we never got are one conversation.
    """

    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="thread_ids")
    message_id = models.CharField(max_length=998)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message_id", "email"], name="thread_id_once_a_letter")
        ]

    def __str__(self) -> str:
        return self.message_id


class Attachment(models.Model):
    """A file of a letter; its bytes lie in mailbox.store."""

    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type"), max_length=255)
    size = models.PositiveIntegerField(_("size, bytes"))
    sha256 = models.CharField(max_length=64)
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=998, blank=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.name


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
    reason = models.TextField(_("reason"), blank=True)
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
            models.Index(fields=["id"], condition=Q(state="new"), name="receipt_not_taken"),
            models.Index(fields=["-id"], condition=Q(state="quarantined"), name="receipt_quarantined"),
            models.Index(fields=["sha256"], name="receipt_by_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.folder or 'import'} {self.uid or self.pk}: {self.state}"
