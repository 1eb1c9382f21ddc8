"""What is said in an incident: letters, notes, and what the machine would propose about letters."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident
from mailbox.models.letters import SEARCHED_CHARS, apart

SEARCH_OF_NOTES = SearchVector(apart(Left("text", SEARCHED_CHARS)), config="russian")


class IncidentEmail(models.Model):
    """A letter's place in an incident. A letter belongs to one incident at most."""

    class Way(models.TextChoices):
        OPENED = "opened", _("opened the incident")
        THREAD = "thread", _("answers a letter of the incident")
        CODE = "code", _("carries the incident's code")
        POWER_BACK = "power_back", _("says that power is back on the same site")
        HAND = "hand", _("put here by hand")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="letters")
    email = models.OneToOneField("mailbox.Email", on_delete=models.CASCADE, related_name="place")
    way = models.CharField(_("why here"), max_length=12, choices=Way)
    # Who wrote it had not been in the conversation before.
    is_newcomer = models.BooleanField(default=False)
    # The smallest letter id of its thread: an incident may gather several independent conversations.
    thread = models.BigIntegerField()

    class Meta:
        verbose_name = _("letter of an incident")
        verbose_name_plural = _("letters of an incident")
        indexes: ClassVar = [models.Index(fields=["incident", "email"], name="incident_letters")]

    def __str__(self) -> str:
        return f"{self.incident_id} ← {self.email_id}"


class Comment(models.Model):
    """A note of the desk for the desk; no operator or contractor sees it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(_("text"))
    at = models.DateTimeField(_("moment"), default=timezone.now)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes: ClassVar = [
            models.Index(fields=["incident", "id"], name="comment_timeline"),
            # What the search looks for in a stretch of time.
            GinIndex(SEARCH_OF_NOTES, name="comment_words"),
            models.Index(fields=["-at"], name="comment_newest"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class NoteFile(models.Model):
    """A file of a note; its bytes lie in mailbox.store."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type"), max_length=255)
    size = models.PositiveIntegerField(_("size, bytes"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("file of a note")
        verbose_name_plural = _("files of notes")
        indexes: ClassVar = [
            # Whether bytes are needed still.
            models.Index(fields=["sha256"], name="note_file_bytes"),
        ]

    def __str__(self) -> str:
        return self.name


class Suggestion(models.Model):
    """What the machine noticed about a letter and leaves to a person: it never glues by doubtful evidence."""

    class Kind(models.TextChoices):
        # Opened an incident of its own, though its subject carries a code: the sender is a stranger there.
        PERHAPS_BELONGS = "perhaps", _("perhaps belongs to another incident")
        # Joined by its headers, while the code in its subject names another incident.
        CONFLICT = "conflict", _("its subject names another incident")
        # Joined by its headers, but speaks of something else.
        SPLIT_OFF = "split", _("perhaps a new matter")
        # Answers letters of two incidents.
        SAME_THREAD = "bridge", _("answers letters of two incidents")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        TAKEN = "taken", _("accepted")
        DISMISSED = "dismissed", _("dismissed")

    kind = models.CharField(max_length=10, choices=Kind)
    # Where the letter is, and where it might belong; none for SPLIT_OFF.
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="suggestions")
    other = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.CASCADE, related_name="suggested_by")
    email = models.ForeignKey("mailbox.Email", on_delete=models.CASCADE, related_name="suggestions")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["email", "kind", "other"], nulls_distinct=False, name="suggestion_once_a_letter"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["incident"], condition=Q(state="open"), name="suggestion_open"),
            models.Index(fields=["other"], condition=Q(state="open"), name="suggestion_open_other"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.other_id or ''}"


class ReadingCase(models.Model):
    """A letter that was read wrong, with what is right: the test the reading has to pass from now on."""

    email = models.OneToOneField("mailbox.Email", on_delete=models.CASCADE, related_name="reading_case")
    # What is right, by the registry's own keys, which outlive the rows; empty: the letter names none.
    pole_code = models.CharField(_("pole"), max_length=64, blank=True)
    station_name = models.CharField(_("base station"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=20, blank=True)
    # What the machine had read instead: towers.matching.Match.as_json().
    read_as = models.JSONField(default=dict, blank=True)
    note = models.TextField(_("note"), blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("reading case")
        verbose_name_plural = _("reading cases")

    def __str__(self) -> str:
        return f"{self.email_id}: {self.pole_code or '—'}"
