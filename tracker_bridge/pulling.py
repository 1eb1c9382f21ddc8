"""Reading what changed over there, by the tracker's own clock; each issue in a transaction of its own.

The cursor is saved after the issues of its page, so that a crash reads a page twice and none not at all. Reading an
issue twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError

from tracker_bridge import adopting, mirrors, reconciling, remarks, remote_files
from tracker_bridge.models import IssueLink, Mirror
from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    Gone,
    Misconfigured,
    RemoteIssue,
    RemoteRef,
    TrackerBackend,
    TrackerError,
    Transient,
)

logger = logging.getLogger(__name__)
# Beyond it the tracker is away.
MOST_FAILURES = 5


def pull(backend: TrackerBackend, mirror: Mirror, *, now: Callable[[], datetime], seconds: float = 60) -> int:
    """Take in what changed since the cursor, for so long; returns how many issues were looked at."""
    started, seen = now(), 0
    if not mirrors.may_call(mirror, started):
        return 0
    try:
        for page in backend.changes(mirror.cursor):
            seen += _take_page(backend, mirror, page.issues, now)
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
        if getattr(error, "retry_after", None):
            mirrors.stand_still(mirror, error, now())
    else:
        mirrors.goes_well(mirror, now())
    return seen


def take(
    backend: TrackerBackend,
    mirror: Mirror,
    remote: RemoteIssue,
    now: datetime,
    *,
    since: datetime | None = None,
    is_late: bool = False,
    closely: bool = False,
) -> int:
    """One issue; 1 if it was news. The same version, and as many comments as before, is none.

    An issue that nobody here knows is taken in if it was created since then, or since the mirror began. `is_late`: it
    comes from a search, which may be behind. `closely`: its comments are read in any case.
    """
    link = IssueLink.objects.filter(backend=mirror.backend, remote_id=remote.ref.id).first()
    if link is None:
        link = adopting.adopt(mirror, remote, now, since)
        if link is None:
            return 0
    elif not closely and _is_known(link, remote):
        return 0
    if link.is_left_behind or (is_late and remote.updated_at < link.changed_at):
        return 0
    if closely or not remote.is_ours or not remarks.are_read(link, remote):
        # Before the fields: what is said over there explains what was done.
        remarks.take(backend, link, remote, now)
    reconciling.reconcile(link.pk, remote, reconciling.authors(backend, link, remote), now, is_late=is_late)
    return 1


def one(backend: TrackerBackend, mirror: Mirror, remote_id: str, now: datetime) -> None:
    """A hint said that this issue changed, by its id or key; what it is, the tracker says."""
    known = IssueLink.objects.filter(backend=mirror.backend)
    link = known.filter(remote_id=remote_id).first() or known.filter(key=remote_id).first()
    ref = RemoteRef(link.remote_id if link else remote_id, remote_id, "")
    try:
        issue = backend.get_issue(ref)
        take(backend, mirror, issue, now, closely=bool(remote_files.news(mirror.backend, [issue])))
    except Gone:
        logger.info("a hint named an issue that is not there: %s", remote_id)


def _news(mirror: Mirror, issues: Sequence[RemoteIssue], filed: Collection[str]) -> list[RemoteIssue]:
    """Without those that are known as they are, unless they have new files; a page of changes tells most again."""
    found = IssueLink.objects.filter(backend=mirror.backend, remote_id__in=[each.ref.id for each in issues])
    known = {link.remote_id: link for link in found.only("remote_id", "version", "comment_count", "snapshot")}
    return [each for each in issues if each.ref.id in filed or not _is_known(known.get(each.ref.id), each)]


def _is_known(link: IssueLink | None, remote: RemoteIssue) -> bool:
    return link is not None and link.version == remote.version and remarks.are_read(link, remote)


def _take_page(
    backend: TrackerBackend, mirror: Mirror, issues: Sequence[RemoteIssue], now: Callable[[], datetime]
) -> int:
    """All issues of a page, whatever becomes of one; raises if some have to be read again, and the others are done."""
    seen, failed = 0, list[TrackerError]()
    # A file that is dropped onto an issue need not change its version.
    filed = remote_files.news(mirror.backend, issues)
    for issue in _news(mirror, issues, filed):
        try:
            seen += take(backend, mirror, issue, now(), is_late=True, closely=issue.ref.id in filed)
        except (AuthNeeded, Misconfigured, OperationalError, InterfaceError):
            raise
        except (Transient, Ambiguous) as error:
            failed.append(error)
            if len(failed) == MOST_FAILURES:
                break
        except TrackerError as error:
            logger.warning("%s is not read: %s: %s", issue.ref.key, type(error).__name__, error)
        except Exception:
            # It keeps none of the others away; the look at each issue by its id comes back to it.
            logger.exception("%s is not read", issue.ref.key)
    if failed:
        raise failed[-1]
    return seen
