"""The first meeting with a queue that has issues already: link those that name an incident, take in the others.

Issues of the predecessor tell of their first letter, ours carry the incident's code. An open issue that names nothing
of ours becomes an incident, as one made by hand does; what was closed before stays where it is. May be killed and begun
again: it goes on from the last page, and what is linked is passed over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from incidents.models import Incident, StatusClass
from mailbox.locks import alone
from tracker_bridge import history, jobs, meeting, naming, pulling, reconciling
from tracker_bridge.merging import Base
from tracker_bridge.models import Import, IssueLink, Job, Mirror
from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    ChangePage,
    Misconfigured,
    RemoteIssue,
    TrackerBackend,
    Transient,
)
from tracker_bridge.statuses import Statuses

logger = logging.getLogger(__name__)

# Beside those of tracker_bridge.tasks.
LOCK_CLASS, IMPORTING = 77_421, 4
PAGE = 500
# Before the next attempt, when the tracker does not answer.
PAUSES = [timedelta(seconds=seconds) for seconds in (1, 5, 15, 30, 60)]
LONGEST_WORDS = 1000
COUNTERS = ("read", "known", "linked", "opened", "failed")

Pause = Callable[[timedelta], None]


class Busy(Exception):
    """Another process imports."""


def run(
    backend: TrackerBackend,
    mirror: Mirror,
    *,
    since: datetime | None,
    now: Callable[[], datetime],
    pause: Pause = lambda length: time.sleep(length.total_seconds()),
) -> Iterator[Import]:
    """Go through the issues created since then, oldest change first; how far it is, after each of them.

    Raises Busy, and what the tracker says for good; the row says it, too.
    """
    with alone(LOCK_CLASS, IMPORTING) as is_alone:
        if not is_alone:
            raise Busy
        row = _row(mirror.backend, since, now())
        try:
            # Before the first assignee is read or written.
            _patiently(lambda: meeting.meet(backend, now()), pause)
            for page in _pages(backend, row, pause):
                for remote in page.issues:
                    _take_one(backend, mirror, row, remote, now, pause)
                    yield row
                row.cursor = page.cursor
                row.save(update_fields=["cursor"])
        except (AuthNeeded, Misconfigured, Transient, Ambiguous) as error:
            _save(row, now(), said=f"{type(error).__name__}: {error}"[:LONGEST_WORDS])
            raise
        row.created = add_missing(mirror, now())
        row.ended_at = now()
        _save(row, now(), "created", "ended_at", said=row.said)
        yield row


def add_missing(mirror: Mirror, now: datetime) -> int:
    """Jobs that create issues for the open incidents that have none; how many."""
    last = total = 0
    while keys := list(without_issue(mirror.backend).filter(pk__gt=last).values_list("pk", flat=True)[:PAGE]):
        last, total = keys[-1], total + len(keys)
        jobs.add_from_outside(
            Job(backend=mirror.backend, incident_id=key, kind=Job.Kind.STATE, made_at=now, not_before=now)
            for key in keys
        )
    return total


def without_issue(backend: str) -> QuerySet[Incident]:
    """Open incidents that no issue mirrors, in order."""
    linked = IssueLink.objects.filter(backend=backend, is_left_behind=False).values("incident")
    return Incident.objects.filter(closed_at=None, merged_into=None).exclude(pk__in=linked).order_by("pk")


def is_over(remote: RemoteIssue, statuses: Statuses) -> bool:
    """Closed over there: of no concern to the desk unless it names an incident."""
    status = statuses.ours(remote.status)
    return status is not None and status.status_class == StatusClass.END


def _row(backend: str, since: datetime | None, now: datetime) -> Import:
    """The import that was cut off, if it asked for the same; else a new one."""
    with transaction.atomic():
        open_ones = Import.objects.filter(backend=backend, ended_at=None)
        if row := open_ones.filter(since=since).first():
            row.moved_at, row.said = now, ""
            row.save(update_fields=["moved_at", "said"])
            return row
        open_ones.update(ended_at=now)
        return Import.objects.create(backend=backend, since=since, began_at=now, moved_at=now)


def _pages(backend: TrackerBackend, row: Import, pause: Pause) -> Iterator[ChangePage]:
    """From where the row stands; a tracker that does not answer is waited for, not for ever."""
    failures = 0
    while True:
        try:
            for page in backend.changes(row.cursor):
                failures = 0
                if row.total is None and page.left is not None:
                    row.total = row.read + page.left
                    row.save(update_fields=["total"])
                yield page
            return
        except (Transient, Ambiguous) as error:
            if failures == len(PAUSES):
                raise
            pause(_length(error, failures))
            failures += 1


def _take_one(
    backend: TrackerBackend,
    mirror: Mirror,
    row: Import,
    remote: RemoteIssue,
    now: Callable[[], datetime],
    pause: Pause,
) -> None:
    """One issue, and the row that counts it. One that cannot be taken in keeps no other away."""
    link = IssueLink.objects.filter(backend=mirror.backend, remote_id=remote.ref.id).first()
    if link and link.version and link.linked_at >= row.began_at:
        # By this very import, before it was killed.
        return
    counter = "known" if link and link.version else kind(remote, mirror.backend, row.since)
    try:
        if counter in ("linked", "opened"):
            _patiently(lambda: _meet(backend, mirror, remote, now()), pause)
    except (AuthNeeded, Misconfigured, Transient, Ambiguous, OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("%s cannot be taken in", remote.ref.key)
        counter, row.said = "failed", f"{remote.ref.key}: {type(error).__name__}: {error}"[:LONGEST_WORDS]
    row.read += 1
    if counter:
        setattr(row, counter, getattr(row, counter) + 1)
    _save(row, now(), *COUNTERS, said=row.said)


def kind(remote: RemoteIssue, backend: str, since: datetime | None) -> str:
    """What becomes of an issue that is not mirrored; nothing, for an empty name."""
    if not remote.in_scope or (since and remote.created_at < since):
        return ""
    if naming.named(remote, backend):
        return "linked"
    if IssueLink.objects.filter(backend=backend, remote_id=remote.ref.id).exists():
        # By whoever reads or writes beside us, a moment ago.
        return "known"
    return "" if is_over(remote, Statuses(reconciling.renamed())) else "opened"


def _meet(backend: TrackerBackend, mirror: Mirror, remote: RemoteIssue, now: datetime) -> None:
    link = IssueLink.objects.filter(backend=mirror.backend, remote_id=remote.ref.id).first()
    if link is None and (incident := naming.named(remote, mirror.backend)):
        _link(mirror, incident, remote, now, told_from=now if _is_told(backend, remote) else None)
    pulling.take(backend, mirror, remote, now, since=remote.created_at)


def _is_told(backend: TrackerBackend, remote: RemoteIssue) -> bool:
    """The predecessor has written letters into it: comments stand there that are not ours."""
    return remote.comment_count != 0 and any(not each.idem for each in backend.comments(remote.ref))


def _link(
    mirror: Mirror, incident: Incident, remote: RemoteIssue, now: datetime, *, told_from: datetime | None
) -> None:
    link = IssueLink(
        backend=mirror.backend,
        incident=incident,
        remote_id=remote.ref.id,
        key=remote.ref.key,
        url=remote.ref.url,
        # Not looked at yet, so that it is.
        version="",
        changed_at=remote.created_at,
        linked_at=now,
        told_from=told_from,
    )
    reconciling.keep(link, Base())
    history.link(link, now)


def _patiently(work: Callable[[], None], pause: Pause) -> None:
    for failures in range(len(PAUSES) + 1):
        try:
            return work()
        except (Transient, Ambiguous) as error:
            if failures == len(PAUSES):
                raise
            pause(_length(error, failures))


def _length(error: Transient | Ambiguous, failures: int) -> timedelta:
    return max(PAUSES[failures], getattr(error, "retry_after", None) or timedelta())


def _save(row: Import, now: datetime, *fields: str, said: str = "") -> None:
    """Each issue counts: whoever is killed now goes on where he was. A long wait is no work."""
    row.seconds += min((now - row.moved_at).total_seconds(), PAUSES[-1].total_seconds())
    row.moved_at, row.said = now, said
    row.save(update_fields=["seconds", "moved_at", "said", *fields])
