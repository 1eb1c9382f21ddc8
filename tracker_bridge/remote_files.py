"""Files that the tracker's users attach, copied beside the files of letters: named when they are read, fetched later.

A comment's words do not wait for megabytes: whoever reads the comment writes down which files come with it, and a
worker fetches them one by one, outside any transaction. What cannot be had stays over there, and a note says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from incidents import note_files, services
from incidents.models import Comment
from mailbox import store
from mailbox.store import NotStored, Stored
from tracker_bridge import mirrors
from tracker_bridge.models import IncomingFile, IssueLink, Mirror
from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    Misconfigured,
    RemoteFile,
    RemoteIssue,
    RemoteRef,
    TrackerBackend,
    TrackerError,
    Transient,
)

logger = logging.getLogger(__name__)

State = IncomingFile.State
MOST_OF_A_NOTE = 20
# Longer than any file takes; then whoever fetched it has died.
LEASE = timedelta(minutes=10)
PLAN = [timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600)]
MOST_ATTEMPTS = 12
LONGEST_WORDS = 500


class _TooLarge(Exception):
    """More bytes came than one file may have."""


def largest() -> int:
    """Bytes of a file that is copied."""
    tracker = mirrors.configured()
    return tracker.largest_file if tracker else 0


def split(files: Sequence[RemoteFile]) -> tuple[list[RemoteFile], list[RemoteFile]]:
    """Those that can be copied, and those that surely stay over there: too large, or too many."""
    small = [each for each in files if each.size <= largest()][:MOST_OF_A_NOTE]
    return small, [each for each in files if each not in small]


def news(backend: str, issues: Sequence[RemoteIssue]) -> set[str]:
    """Issues, by their ids, with files that nobody here has looked at; one query, or none."""
    filed = {issue.ref.id: {file.id for file in issue.files} for issue in issues if issue.files}
    if not filed:
        return set()
    rows = IssueLink.objects.filter(backend=backend, remote_id__in=filed)
    seen = dict(rows.values_list("remote_id", "snapshot__files"))
    return {issue for issue, files in filed.items() if not files <= set(seen.get(issue) or ())}


def note_seen(link: IssueLink, remote: RemoteIssue) -> None:
    """These files have been looked at, whoever put them there; a tracker need not say who it was."""
    if remote.files:
        fresh = IssueLink.objects.select_for_update().only("snapshot").get(pk=link.pk)
        fresh.snapshot["files"] = sorted(each.id for each in remote.files)
        fresh.save(update_fields=["snapshot"])


def expect(link: IssueLink, note: Comment, files: Sequence[RemoteFile], now: datetime) -> None:
    """Have these files copied into the note; one that is known already is not copied again."""
    coming, _staying = split(files)
    IncomingFile.objects.bulk_create(
        [
            IncomingFile(
                link=link,
                remote_id=each.id,
                comment=note,
                name=(each.name or each.id)[:255],
                content_type=each.content_type[:255],
                size=each.size,
                state=State.WAITING if each in coming else State.LEFT,
                not_before=now,
            )
            for each in files
        ],
        ignore_conflicts=True,
    )


def fetch(backend: TrackerBackend, mirror: Mirror, *, now: Callable[[], datetime], seconds: float = 60) -> int:
    """Copy what is due, for so long; returns how many files are here now. Raises nothing for a tracker that fails."""
    started, fetched = now(), 0
    while (moment := now()) - started < timedelta(seconds=seconds) and mirrors.may_call(mirror, moment):
        row = _take(mirror.backend, moment)
        if row is None:
            break
        try:
            kept = _copied(backend, row)
        except (AuthNeeded, Misconfigured) as error:
            _wait(row, str(error), moment, is_blamed=False)
            mirrors.stand_still(mirror, error, moment)
        except (Transient, Ambiguous, NotStored) as error:
            pause = getattr(error, "retry_after", None)
            _wait(row, str(error), moment, after=pause)
            if pause and isinstance(error, Transient):
                mirrors.stand_still(mirror, error, moment)
        except _TooLarge:
            _leave(row, _("it is larger than %(most)s.") % {"most": filesizeformat(largest())}, moment)
        except TrackerError as error:
            _leave(row, str(error), moment)
        else:
            fetched += _keep(row, kept, moment)
    return fetched


def _take(backend: str, now: datetime) -> IncomingFile | None:
    """The file that is due longest; nobody else gets it before the lease is over."""
    due = IncomingFile.objects.filter(state=State.WAITING, not_before__lte=now, link__backend=backend)
    with transaction.atomic():
        free = due.order_by("not_before", "pk").select_for_update(skip_locked=True, of=("self",))
        row = free.select_related("link").first()
        if row is None:
            return None
        row.attempts += 1
        row.not_before = now + LEASE
        row.save(update_fields=["attempts", "not_before"])
    return row


def _copied(backend: TrackerBackend, row: IncomingFile) -> Stored:
    ref = RemoteRef(row.link.remote_id, row.link.key, row.link.url)
    file = RemoteFile(row.remote_id, row.name, row.size, row.content_type)
    return store.put_stream(_no_more_than(largest(), backend.open_file(ref, file)))


def _no_more_than(most: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The tracker's word on the size is not relied upon."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise _TooLarge
        yield piece


@transaction.atomic
def _keep(row: IncomingFile, kept: Stored, now: datetime) -> int:
    fresh = _held(row)
    if fresh is None:
        return 0
    if not kept.size:
        _stays(fresh, _("it is empty."), now)
        return 0
    fresh.file = note_files.add(fresh.comment, kept, name=fresh.name, content_type=fresh.content_type, at=now)
    fresh.state, fresh.said = State.HERE, ""
    fresh.save(update_fields=["file", "state", "said"])
    return 1


@transaction.atomic
def _leave(row: IncomingFile, why: str, now: datetime) -> None:
    fresh = _held(row)
    if fresh:
        _stays(fresh, why, now)


def _wait(
    row: IncomingFile, said: str, now: datetime, *, after: timedelta | None = None, is_blamed: bool = True
) -> None:
    """Tried again by plan; left over there when it has been tried too often."""
    if is_blamed and row.attempts >= MOST_ATTEMPTS:
        _leave(row, said, now)
        return
    planned = PLAN[min(row.attempts, len(PLAN)) - 1] if is_blamed else PLAN[0]
    IncomingFile.objects.filter(pk=row.pk, state=State.WAITING).update(
        not_before=now + max(planned, after or timedelta()),
        attempts=row.attempts if is_blamed else row.attempts - 1,
        said=said[:LONGEST_WORDS],
    )


def _held(row: IncomingFile) -> IncomingFile | None:
    """The row, locked after its incident as everywhere; None if another worker has seen to it."""
    services.locked(row.comment.incident)
    waiting = IncomingFile.objects.select_for_update(of=("self",)).filter(pk=row.pk, state=State.WAITING)
    return waiting.select_related("link", "comment__incident").first()


def _stays(row: IncomingFile, why: str, now: datetime) -> None:
    """It is not tried any more, and whoever reads the note is told where it is."""
    row.state, row.said = State.LEFT, why[:LONGEST_WORDS]
    row.save(update_fields=["state", "said"])
    words = _("“%(name)s” stayed in the tracker: %(why)s %(url)s")
    said = words % {"name": row.name, "why": row.said, "url": row.link.url}
    services.add_comment(row.comment.incident.final, said, by=None, at=now)
