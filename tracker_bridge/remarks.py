"""Comments of people over there as notes of the incident, with their files."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import services
from incidents.models import Comment, Incident
from tracker_bridge import people
from tracker_bridge.comments import hash_of
from tracker_bridge.models import IssueLink, MirroredComment
from tracker_bridge.protocol import RemoteComment, RemoteRef, TrackerBackend

LONGEST = 20_000
NAMED_FILES = 20


def take(backend: TrackerBackend, link: IssueLink, now: datetime) -> int:
    """Read the comments of an issue; returns how many are new here. What is gone over there stays here, marked."""
    there = backend.comments(RemoteRef(link.remote_id, link.key, link.url))
    with transaction.atomic():
        incident = services.locked(Incident(pk=link.incident_id))
        known = {each.remote_id: each for each in MirroredComment.objects.filter(link=link)}
        fresh = [each for each in there if each.id not in known and _is_for_us(each)]
        for comment in there:
            if comment.id in known:
                _follow(incident, link, known[comment.id], comment, now)
        for comment in fresh:
            _add(incident, link, comment, now)
        gone = set(known) - {each.id for each in there}
        MirroredComment.objects.filter(link=link, remote_id__in=gone, gone_at=None).update(gone_at=now)
        IssueLink.objects.filter(pk=link.pk).update(comment_count=len(there))
    return len(fresh)


def _is_for_us(comment: RemoteComment) -> bool:
    """Ours are here already; a letter that the tracker sends or takes in comes here as a letter, by its copy."""
    return not comment.idem and not comment.is_letter and bool(comment.text.strip() or comment.files)


def _add(incident: Incident, link: IssueLink, comment: RemoteComment, now: datetime) -> None:
    note = _note(incident, link, comment, comment.text, now)
    MirroredComment.objects.create(
        link=link, remote_id=comment.id, version=comment.version, comment=note, text_hash=hash_of(comment.text)
    )


def _follow(incident: Incident, link: IssueLink, known: MirroredComment, comment: RemoteComment, now: datetime) -> None:
    """A comment that was rewritten over there is said again: what was read once is not changed behind anybody."""
    if known.version == comment.version or known.idem or known.text_hash == hash_of(comment.text):
        return
    words = _("Rewritten in the tracker: %(text)s") % {"text": comment.text}
    _note(incident, link, comment, words, now)
    known.version, known.text_hash = comment.version, hash_of(comment.text)
    known.save(update_fields=["version", "text_hash"])


def _note(incident: Incident, link: IssueLink, comment: RemoteComment, text: str, now: datetime) -> Comment:
    by = people.user(link.backend, comment.author)
    names = ", ".join(file.name for file in comment.files[:NAMED_FILES])
    beside = _("Files in the tracker: %(names)s") % {"names": names} if names else ""
    said = f"{text.strip()[:LONGEST]}\n{beside}".strip()
    if by is None or not by.has_perm("incidents.work_incident"):
        said, by = f"{comment.author} ({link.key}): {said}", None
    return services.add_comment(incident.final, said, by=by, at=min(max(comment.created_at, incident.opened_at), now))
