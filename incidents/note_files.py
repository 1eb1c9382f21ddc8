"""Files of notes: brought up with the words, or copied later from where the words came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from incidents import events, services
from incidents.composer_files import clean_name
from incidents.errors import DomainError
from incidents.models import Comment, NoteFile
from mailbox import store
from mailbox.store import Stored

MOST_FILES, LONGEST_TYPE = 10, 255


def stored(uploads: Sequence[UploadedFile[Any]]) -> list[NoteFile]:
    """What was brought up, in the store and in no note yet.

    Raises DomainError that names the limit it breaks, before anything is stored, and NotStored when the disk is full.
    """
    if len(uploads) > MOST_FILES:
        raise DomainError(_("A note takes at most %(n)d files. Choose them again.") % {"n": MOST_FILES})
    most = settings.LETTER_FILE_MAX_BYTES
    for each in uploads:
        name = clean_name(each.name or "")
        if not each.size:
            raise DomainError(_("“%(name)s” is empty. Choose the files again.") % {"name": name})
        if each.size > most:
            said = _("“%(name)s” is larger than %(most)s. Choose the files again.")
            raise DomainError(said % {"name": name, "most": filesizeformat(most)})
    return [_file(store.put_stream(each.chunks()), each.name or "", each.content_type or "") for each in uploads]


def put(comment: Comment, files: Sequence[NoteFile]) -> None:
    """Into a note that is just being written: its own event tells of them."""
    for each in files:
        each.comment = comment
    NoteFile.objects.bulk_create(files)


@transaction.atomic
def add(comment: Comment, kept: Stored, *, name: str, content_type: str, at: datetime) -> NoteFile:
    """Into a note that is there already; open pages are told. Nobody of the desk does this."""
    incident = services.locked(comment.incident)
    file = _file(kept, name, content_type)
    file.comment = comment
    file.save()
    services.save(incident, at)
    events.record(incident, "note_file", actor=None, at=at, comment=comment.pk, file=file.pk)
    return file


def _file(kept: Stored, name: str, content_type: str) -> NoteFile:
    kind = (content_type or "application/octet-stream")[:LONGEST_TYPE]
    return NoteFile(name=clean_name(name), content_type=kind, size=kept.size, sha256=kept.sha256)
