"""Letters that people write on the card: as typed, their files on the way up, and answers that are at hand."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident

PERSON = settings.AUTH_USER_MODEL


class WrittenLetter(models.Model):
    """A letter as its writer typed it: what undo brings back into the form, and what waits for its moment.

    With `outgoing` it has been given to the outbox. Without, it is planned: `leaves_at` says for when.
    """

    class Held(models.TextChoices):
        # Somebody outside wrote after it was planned.
        NEWS = "news", _("a newer letter came")
        # What is true at its moment forbids it: `held_said` has the reason.
        REFUSED = "refused", _("it could not leave")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="written_letters")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    # The fields of incidents.reply_forms.LetterForm, as typed.
    form = models.JSONField(default=dict)
    # The newest event its writer had seen.
    seen = models.BigIntegerField(default=0)
    written_at = models.DateTimeField(_("written"))
    leaves_at = models.DateTimeField(_("leaves"), null=True, blank=True)
    held = models.CharField(max_length=10, choices=Held, blank=True)
    held_said = models.TextField(blank=True)
    outgoing = models.OneToOneField(
        "mailbox.Outgoing", null=True, blank=True, on_delete=models.CASCADE, related_name="written"
    )

    class Meta:
        verbose_name = _("letter as written")
        verbose_name_plural = _("letters as written")
        indexes: ClassVar = [
            models.Index(fields=["leaves_at"], condition=Q(outgoing=None, held=""), name="written_to_leave"),
            models.Index(fields=["incident"], condition=Q(outgoing=None), name="written_of_incident"),
            # The list of letters of ours: the soonest first, those that are held among them.
            models.Index(fields=["leaves_at", "id"], condition=Q(outgoing=None), name="written_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.person_id}"


class ReplyFile(models.Model):
    """A file for a letter that is being written; its bytes lie in mailbox.store. With `written` it went with that."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reply_files")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    written = models.ForeignKey(
        WrittenLetter, null=True, blank=True, on_delete=models.CASCADE, related_name="reply_files"
    )
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type"), max_length=255)
    size = models.PositiveIntegerField(_("size, bytes"))
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(_("moment"))

    class Meta:
        verbose_name = _("file of a letter being written")
        verbose_name_plural = _("files of letters being written")
        indexes: ClassVar = [
            models.Index(fields=["incident", "person"], condition=Q(written=None), name="reply_files_at_hand"),
            models.Index(fields=["at"], name="reply_files_by_age"),
        ]

    def __str__(self) -> str:
        return self.name


class CannedAnswer(models.Model):
    """Words written once and used often; its variables are filled when it is put into a letter."""

    # Nobody: everybody's.
    owner = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.CASCADE, related_name="canned_answers")
    name = models.CharField(_("name"), max_length=80)
    text = models.TextField(_("text"))
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("canned answer")
        verbose_name_plural = _("canned answers")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], nulls_distinct=False, name="canned_once_a_name")
        ]

    def __str__(self) -> str:
        return self.name
