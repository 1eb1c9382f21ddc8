"""Letters and notes of ours as comments over there."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from mailbox import files
from mailbox.models import Attachment, Email
from tracker_bridge import texts
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
    if email:
        idem = f"letter:{email.pk}"
        uploads, links = _files(backend, email)
        text = texts.of_letter(email, [each.name for each in uploads], links)
    elif note:
        idem, text = f"note:{note.pk}", texts.of_note(note)
    else:
        return
    ref = RemoteRef(link.remote_id, link.key, link.url)
    # Tried before: the answer may have been lost.
    written = backend.put_comment(ref, text, uploads, idem=idem, again=job.attempts > 1)
    try:
        with transaction.atomic():
            # Comments count as changes over there, so that the version is not known any more.
            IssueLink.objects.filter(pk=link.pk).update(version="", comment_count=F("comment_count") + 1)
            MirroredComment.objects.create(
                link=link,
                idem=idem,
                remote_id=written.id,
                version=written.version,
                email=email,
                comment=note,
                text_hash=hash_of(text),
            )
    except IntegrityError:
        # The reading of comments has found it first.
        known.filter(remote_id=written.id).update(idem=idem, email=email, comment=note)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()


def _files(backend: TrackerBackend, email: Email) -> tuple[list[Upload], list[str]]:
    """What goes along, and links to what is too large, empty or too much."""
    uploads, links, left = [], [], MOST_BYTES
    largest = backend.caps.largest_file if backend.caps.files else 0
    for each in email.attachments.filter(inline=False).order_by("pk"):
        if 0 < each.size <= min(left, left if largest is None else largest):
            left -= each.size
            uploads.append(Upload(each.name, each.content_type, files.content(each)))
        else:
            links.append(_link(each))
    return uploads, links


def _link(attachment: Attachment) -> str:
    place = reverse("incidents:attachment", args=[attachment.pk])
    name = texts.plain(attachment.name)
    return f"{name} {settings.DESK_URL.rstrip('/')}{place}" if settings.DESK_URL else name
