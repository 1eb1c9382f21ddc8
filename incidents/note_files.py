"""Files of notes: copied from where the words came from, as soon as they are here."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from incidents import events, services
from incidents.composer_files import clean_name
from incidents.models import Comment, NoteFile
from mailbox.store import Stored

LONGEST_TYPE = 255


@transaction.atomic
def add(comment: Comment, kept: Stored, *, name: str, content_type: str, at: datetime) -> NoteFile:
    """Put a file into a note that is there already, and tell open pages. Nobody of the desk does this."""
    incident = services.locked(comment.incident)
    kind = (content_type or "application/octet-stream")[:LONGEST_TYPE]
    facts = {"name": clean_name(name), "content_type": kind, "size": kept.size, "sha256": kept.sha256}
    file = NoteFile.objects.create(comment=comment, **facts)
    services.save(incident, at)
    events.record(incident, "note_file", actor=None, at=at, comment=comment.pk, file=file.pk)
    return file
