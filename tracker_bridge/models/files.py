"""Files of the tracker's users, on their way here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import Comment, NoteFile
from tracker_bridge.models.links import IssueLink


class IncomingFile(models.Model):
    """A file of an issue or of a comment there, and the note that gets a copy of it. Each is copied once."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("file", "on its way")
        HERE = "here", pgettext_lazy("file", "copied here")
        # Too large, gone, or not to be had however often it was tried; the card says why.
        LEFT = "left", pgettext_lazy("file", "left in the tracker")

    link = models.ForeignKey(IssueLink, on_delete=models.CASCADE, related_name="incoming_files")
    remote_id = models.CharField(max_length=100)
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="incoming_files")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    # As the tracker says; 0: it does not say.
    size = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    file = models.OneToOneField(NoteFile, null=True, blank=True, on_delete=models.CASCADE, related_name="incoming")
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    said = models.TextField(blank=True)

    class Meta:
        verbose_name = _("file from the tracker")
        verbose_name_plural = _("files from the tracker")
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "remote_id"], name="file_copied_once")]
        indexes: ClassVar = [
            models.Index(fields=["not_before", "id"], condition=Q(state="waiting"), name="file_due"),
        ]

    def __str__(self) -> str:
        return self.name
