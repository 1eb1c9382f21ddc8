"""What people say over there as notes of the incident: comments, the description of an issue made by hand, files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import services
from incidents.models import Comment, Incident
from tracker_bridge import people, remote_files, texts
from tracker_bridge.comments import hash_of
from tracker_bridge.models import IncomingFile, IssueLink, MirroredComment
from tracker_bridge.protocol import RemoteComment, RemoteFile, RemoteIssue, RemoteRef, TrackerBackend

LONGEST = 20_000
# In place of the id of a comment: notes that were made of something else over there, and are not told back.
DESCRIPTION, OTHER = "description", "note:"
# In the snapshot of a link: the newest comment when they were last read.
COMMENTED_AT = "commented_at"


def take(backend: TrackerBackend, link: IssueLink, remote: RemoteIssue, now: datetime) -> int:
    """Read what is said in an issue; returns how many comments are new. What is gone over there stays here, marked."""
    there = backend.comments(RemoteRef(link.remote_id, link.key, link.url))
    with transaction.atomic():
        incident = services.locked(Incident(pk=link.incident_id))
        known = {each.remote_id: each for each in MirroredComment.objects.filter(link=link)}
        fresh = [each for each in there if each.id not in known and _is_for_us(each)]
        for comment in there:
            if comment.id in known:
                _follow(incident, link, known[comment.id], comment, now)
        if link.is_by_hand and (words := _description(remote)):
            _follow_description(incident, link, known.get(DESCRIPTION), words, remote, now)
        for comment in fresh:
            _add(incident, link, comment, now)
        _recognise(link, [each for each in there if each.id not in known and each.idem])
        _take_files(incident, link, remote, there, now)
        remote_files.note_seen(link, remote)
        gone = set(known) - {each.id for each in there}
        gone = {each for each in gone if each != DESCRIPTION and not each.startswith(OTHER)}
        MirroredComment.objects.filter(link=link, remote_id__in=gone, gone_at=None).update(gone_at=now)
        _note_read(link, remote, len(there))
    return len(fresh)


def are_read(link: IssueLink, remote: RemoteIssue) -> bool:
    """No comment was written, rewritten or taken away since they were read, as far as the issue itself tells."""
    if link.comment_count != (remote.comment_count or 0):
        return False
    return remote.commented_at is None or link.snapshot.get(COMMENTED_AT) == remote.commented_at.isoformat()


def _note_read(link: IssueLink, remote: RemoteIssue, count: int) -> None:
    fresh = IssueLink.objects.select_for_update().get(pk=link.pk)
    fresh.comment_count = count
    if remote.commented_at is not None:
        fresh.snapshot[COMMENTED_AT] = remote.commented_at.isoformat()
    fresh.save(update_fields=["comment_count", "snapshot"])


def _is_for_us(comment: RemoteComment) -> bool:
    """Ours are here already; a letter that the tracker sends or takes in comes here as a letter, by its copy."""
    return not comment.idem and not comment.is_letter and bool(comment.text.strip() or comment.files)


def _add(incident: Incident, link: IssueLink, comment: RemoteComment, now: datetime) -> None:
    note = _note(incident, link, comment.author, comment.text, comment.created_at, now, comment.files)
    MirroredComment.objects.create(
        link=link, remote_id=comment.id, version=comment.version, comment=note, text_hash=hash_of(comment.text)
    )


def _recognise(link: IssueLink, ours: Sequence[RemoteComment]) -> None:
    """Comments of ours whose answer was lost: they are counted here, and not once more by whoever asks again."""
    MirroredComment.objects.bulk_create(
        [
            MirroredComment(
                link=link, idem=each.idem, remote_id=each.id, version=each.version, text_hash=hash_of(each.text)
            )
            for each in ours
        ],
        ignore_conflicts=True,
    )


def _follow(incident: Incident, link: IssueLink, known: MirroredComment, comment: RemoteComment, now: datetime) -> None:
    """A comment that was rewritten over there is said again: what was read once is not changed behind anybody."""
    if known.version == comment.version or known.idem or comment.is_letter or known.text_hash == hash_of(comment.text):
        return
    words = _("Rewritten in the tracker: %(text)s") % {"text": comment.text}
    _not_told_back(link, _note(incident, link, comment.author, words, comment.created_at, now, comment.files))
    known.version, known.text_hash = comment.version, hash_of(comment.text)
    known.save(update_fields=["version", "text_hash"])


def _description(remote: RemoteIssue) -> str:
    return str(remote.fields.get("description") or "").strip()


def _follow_description(
    incident: Incident, link: IssueLink, known: MirroredComment | None, words: str, remote: RemoteIssue, now: datetime
) -> None:
    """Whoever made the issue describes it: his words are the first note, and said again when they are rewritten."""
    if known and known.text_hash == hash_of(words):
        return
    if known is None:
        note = _note(incident, link, remote.author, words, remote.created_at, now)
        facts = {"comment": note, "text_hash": hash_of(words)}
        MirroredComment.objects.create(link=link, remote_id=DESCRIPTION, **facts)
        return
    said = _("Description rewritten in the tracker: %(text)s") % {"text": words}
    _not_told_back(link, _note(incident, link, remote.writer or remote.author, said, now, now))
    known.text_hash = hash_of(words)
    known.save(update_fields=["text_hash"])


def _take_files(
    incident: Incident, link: IssueLink, remote: RemoteIssue, there: Sequence[RemoteComment], now: datetime
) -> None:
    """Files of the issue itself: pictures pasted into its description, and whatever was dropped onto it."""
    of_comments = {file.id for comment in there for file in comment.files}
    files = [each for each in remote.files if each.id not in of_comments]
    known = IncomingFile.objects.filter(link=link, remote_id__in=[each.id for each in files])
    seen = set(known.values_list("remote_id", flat=True))
    if not (fresh := [each for each in files if each.id not in seen]):
        return
    described = MirroredComment.objects.filter(link=link, remote_id=DESCRIPTION).select_related("comment").first()
    if described and described.comment and not seen:
        remote_files.expect(link, described.comment, fresh, now)
        return
    _not_told_back(link, _note(incident, link, fresh[0].author or remote.writer, "", now, now, fresh))


def _not_told_back(link: IssueLink, note: Comment) -> None:
    MirroredComment.objects.create(link=link, remote_id=f"{OTHER}{note.pk}", comment=note, text_hash="")


def _note(
    incident: Incident,
    link: IssueLink,
    author: str,
    text: str,
    at: datetime,
    now: datetime,
    files: Sequence[RemoteFile] = (),
) -> Comment:
    """A note by whoever of ours it is, else by Dispatch with the name in it; its files follow."""
    by = people.user(link.backend, author)
    _coming, staying = remote_files.split(files)
    names = ", ".join(each.name for each in staying)
    beside = _("Files in the tracker: %(names)s") % {"names": names} if staying else ""
    words = texts.readable(text)[:LONGEST] or (_("Attached in the tracker:") if files else "")
    said = f"{words}\n{beside}".strip()
    if by is None or not by.has_perm("incidents.work_incident"):
        said, by = f"{author} ({link.key}): {said}", None
    moment = min(max(at, incident.opened_at), now)
    note = services.add_comment(incident.final, said, by=by, at=moment)
    remote_files.expect(link, note, files, now)
    return note
