"""Letters and notes of ours as comments over there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation

from incidents import site_errors
from incidents.models import Comment, Incident, NoteFile
from mailbox import files, store
from mailbox.models import Attachment, Email
from tracker_bridge import remote_letters, texts
from tracker_bridge.models import IssueLink, Job, MirroredComment
from tracker_bridge.protocol import RemoteRef, TrackerBackend, Upload

# All files of one comment; more are left here, with a link.
MOST_BYTES = 100 * 1024 * 1024


def put(backend: TrackerBackend, link: IssueLink, job: Job) -> None:
    """The comment of this job, written once; what came from there is not told back."""
    email, note = job.email, job.comment
    known = MirroredComment.objects.filter(link=link)
    if email and known.filter(email=email).exists():
        return
    if note and known.filter(comment=note).exists():
        return
    uploads: list[Upload] = []
    if email and remote_letters.is_shown(backend, link, email):
        return
    if email:
        idem = f"letter:{email.pk}"
        uploads, links = _files(backend, [_of_letter(each) for each in email.attachments.filter(inline=False)])
        text = texts.of_letter(email, [each.name for each in uploads], links)
    elif note:
        idem = f"note:{note.pk}"
        uploads, links = _files(backend, [_of_note(each) for each in note.files.order_by("pk")])
        text = texts.of_note(note, [each.name for each in uploads], links)
    else:
        return
    # Tried before: the answer may have been lost.
    _write(backend, link, text, uploads, idem, email=email, comment=note, again=job.attempts > 1)


def tell_error(backend: TrackerBackend, link: IssueLink, incident: Incident) -> None:
    """What is wrong with an incident in error, and what would be right; once for each time."""
    if not incident.status.is_error or not incident.error_reason:
        return
    raised = incident.events.filter(kind="error").order_by("-id").values_list("pk", flat=True).first()
    with translation.override(settings.LANGUAGE_CODE):
        say(backend, link, texts.of_error(site_errors.in_words(incident)), idem=f"error:{raised}")


def say(backend: TrackerBackend, link: IssueLink, text: str, *, idem: str) -> None:
    """Words of the mirror itself, written once under this key."""
    if not MirroredComment.objects.filter(link=link, idem=idem).exists():
        _write(backend, link, text, [], idem)


def _write(
    backend: TrackerBackend,
    link: IssueLink,
    text: str,
    uploads: list[Upload],
    idem: str,
    *,
    email: Email | None = None,
    comment: Comment | None = None,
    again: bool = True,
) -> None:
    ref = RemoteRef(link.remote_id, link.key, link.url)
    written = backend.put_comment(ref, text, uploads, idem=idem, again=again)
    facts = {"idem": idem, "email": email, "comment": comment}
    with transaction.atomic():
        _, is_new = MirroredComment.objects.update_or_create(
            link=link,
            remote_id=written.id,
            # The reading of comments may have found it first, and has counted it.
            defaults=facts,
            create_defaults={**facts, "version": written.version, "text_hash": hash_of(text)},
        )
        # Comments count as changes over there, so that the version is not known any more.
        counted = {"version": "", "writes": F("writes") + 1, "comment_count": F("comment_count") + int(is_new)}
        IssueLink.objects.filter(pk=link.pk).update(**counted)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a letter or note; `place` is where it is had here."""

    name: str
    content_type: str
    size: int
    read: Callable[[], bytes]
    place: str


def _of_letter(file: Attachment) -> _File:
    place = reverse("incidents:attachment", args=[file.pk])
    return _File(file.name, file.content_type, file.size, partial(files.content, file), place)


def _of_note(file: NoteFile) -> _File:
    place = reverse("incidents:note_file", args=[file.pk])
    return _File(file.name, file.content_type, file.size, partial(store.read, file.sha256), place)


def _files(backend: TrackerBackend, found: Iterable[_File]) -> tuple[list[Upload], list[str]]:
    """What goes along, and links to what is too large, empty or too much."""
    uploads, links, left = [], [], MOST_BYTES
    largest = backend.caps.largest_file if backend.caps.files else 0
    for each in found:
        if 0 < each.size <= min(left, left if largest is None else largest):
            left -= each.size
            uploads.append(Upload(each.name, each.content_type, each.read()))
        else:
            links.append(_link(each))
    return uploads, links


def _link(file: _File) -> str:
    name = texts.plain(file.name)
    return f"{name} {settings.DESK_URL.rstrip('/')}{file.place}" if settings.DESK_URL else name
