"""What letters say: a letter once (Email), the ids it mentions (ThreadId), its files (Attachment).

The bytes of a letter lie in mailbox.store under their SHA-256; the tables hold what is asked for.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

# Characters of one letter that the search knows; a tsvector holds at most a megabyte.
SEARCHED_CHARS = 50_000
# "KI0075/41960-P-43-1-1" would be one word to PostgreSQL, and so would an address; people look for their parts. What
# stands between angle brackets it takes for a tag of HTML and leaves out.
JOINTS = "/-_@<>"


# In a file's name "акт.pdf" would be one word as well.
JOINTS_OF_FILES = JOINTS + ".,()[]+"


def apart(text: str | Combinable, joints: str = JOINTS) -> Func:
    """The text with its joints open, as the search knows it; a question has to be taken apart likewise."""
    return Func(text, Value(joints), Value(" " * len(joints)), function="TRANSLATE", output_field=models.TextField())


# Russian words by their stem; words in Latin letters by the English one: PostgreSQL's "russian" does both.
SEARCH = SearchVector(
    apart("subject"), "from_name", apart("from_email"), apart(Left("text", SEARCHED_CHARS)), config="russian"
)
SEARCH_OF_FILES = SearchVector(apart("name", JOINTS_OF_FILES), config="russian")


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

    class Security(models.TextChoices):
        SIGNED = "signed", _("signed")
        ENCRYPTED = "encrypted", _("encrypted")

    sha256 = models.CharField(max_length=64)
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
    reply_to = models.JSONField(_("answers to"), default=list, blank=True)
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
    # How the letter is protected; the signature itself is not checked.
    security = models.CharField(_("protection"), max_length=10, choices=Security, blank=True)
    # Why no automatic letter may answer it (mailbox.parsing.kinds); empty when one may.
    auto_reasons = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        permissions: ClassVar = []
        indexes: ClassVar = [
            # By hash: keys without order touch another page with each letter, and these are a third of the pages.
            HashIndex(fields=["message_id"], name="email_by_message_id"),
            HashIndex(fields=["sha256"], name="email_by_bytes"),
            models.Index(fields=["-received_at", "-id"], name="email_newest"),
            GinIndex(SEARCH, name="email_words"),
            # The few that no person wrote, for the list of letters.
            models.Index(
                fields=["kind", "-received_at"],
                condition=Q(kind__in=["autoreply", "bounce", "feedback-report"]),
                name="email_automatic",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.message_id


class ThreadId(models.Model):
    """A Message-ID that a letter has or mentions; letters that share one belong to one thread.

    Ids seen only in References count too: two answers to a letter we never got are one conversation. Each once a
    letter, written with it and never after.
    """

    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="thread_ids")
    message_id = models.CharField(max_length=998)

    class Meta:
        indexes: ClassVar = [HashIndex(fields=["message_id"], name="thread_id_letters")]

    def __str__(self) -> str:
        return self.message_id


class Attachment(models.Model):
    """A file of a letter. Its bytes are part of the letter's own; mailbox.files gives them."""

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
        indexes: ClassVar = [GinIndex(SEARCH_OF_FILES, name="attachment_words")]

    def __str__(self) -> str:
        return self.name
