"""Reading what changed over there, by the tracker's own clock; each issue in a transaction of its own.

The cursor is saved after the issues of its page, so that a crash reads a page twice and none not at all. Reading an
issue twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from tracker_bridge import adopting, mirrors, reconciling, remarks
from tracker_bridge.models import IssueLink, Mirror
from tracker_bridge.protocol import (
    AuthNeeded,
    Gone,
    Misconfigured,
    RemoteIssue,
    RemoteRef,
    TrackerBackend,
    TrackerError,
)

logger = logging.getLogger(__name__)


def pull(backend: TrackerBackend, mirror: Mirror, *, now: Callable[[], datetime], seconds: float = 60) -> int:
    """Take in what changed since the cursor, for so long; returns how many issues were looked at."""
    started, seen = now(), 0
    if not mirrors.may_call(mirror, started):
        return 0
    try:
        for page in backend.changes(mirror.cursor):
            for issue in page.issues:
                seen += take(backend, mirror, issue, now())
            moment = now()
            mirror.cursor, mirror.read_at = page.cursor, moment
            mirror.save(update_fields=["cursor", "read_at"])
            if moment - started > timedelta(seconds=seconds):
                break
        else:
            mirror.read_at = now()
            mirror.save(update_fields=["read_at"])
    except (AuthNeeded, Misconfigured) as error:
        mirrors.stand_still(mirror, error, now())
    except TrackerError as error:
        logger.info("reading changes: %s: %s", type(error).__name__, error)
    else:
        mirrors.goes_well(mirror, now())
    return seen


def take(
    backend: TrackerBackend, mirror: Mirror, remote: RemoteIssue, now: datetime, *, since: datetime | None = None
) -> int:
    """One issue; 1 if it was news. The same version, and as many comments as before, is none.

    An issue that nobody here knows is taken in if it was created since then, or since the mirror began.
    """
    link = IssueLink.objects.filter(backend=mirror.backend, remote_id=remote.ref.id).first()
    if link is None:
        link = adopting.adopt(mirror, remote, now, since)
        if link is None:
            return 0
    elif link.version == remote.version and link.comment_count == (remote.comment_count or 0):
        return 0
    if link.is_left_behind:
        return 0
    if link.comment_count != (remote.comment_count or 0) or remote.comment_count is None:
        # Before the fields: what is said over there explains what was done.
        remarks.take(backend, link, now)
    refusals = reconciling.reconcile(link.pk, remote, reconciling.authors(backend, link, remote), now)
    if refusals:
        _answer(backend, link, [each.words for each in refusals], remote.version)
    return 1


def one(backend: TrackerBackend, mirror: Mirror, remote_id: str, now: datetime) -> None:
    """A hint said that this issue changed, by its id or key; what it is, the tracker says."""
    known = IssueLink.objects.filter(backend=mirror.backend)
    link = known.filter(remote_id=remote_id).first() or known.filter(key=remote_id).first()
    ref = RemoteRef(link.remote_id if link else remote_id, remote_id, "")
    try:
        take(backend, mirror, backend.get_issue(ref), now)
    except Gone:
        logger.info("a hint named an issue that is not there: %s", remote_id)


def _answer(backend: TrackerBackend, link: IssueLink, words: list[str], version: str) -> None:
    """Say over there why something was not taken over; once for this version of the issue."""
    ref = RemoteRef(link.remote_id, link.key, link.url)
    backend.put_comment(ref, "\n".join(words), idem=f"refusal:{version}")
