"""Whether mail comes: how far behind each folder is, which letters wait to be taken, and the alarm that follows.

Reads our own tables only; no server is asked, so a page may ask every few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from mailbox import mailboxes
from mailbox.advice import Advice, advise
from mailbox.imap import readable
from mailbox.models import Folder, Receipt

# A connection that breaks and heals within it is nobody's business.
A_MOMENT = timedelta(minutes=1)
# Its last good look, or its switching on if that was later: since then nothing is known of a folder.
_QUIET_SINCE = Greatest(Coalesce("last_ok_at", "watched_since"), "watched_since")


class State(StrEnum):
    """How a folder is, the worst last."""

    OFF = "off"
    WORKS = "works"
    CONNECTING = "connecting"
    HISTORY = "history"
    FAILING = "failing"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Health:
    """A folder as the page of mailboxes tells it."""

    state: State
    # Since the last good look; empty before the first one.
    lag: timedelta | None = None
    # Since when it fails, or is behind.
    since: datetime | None = None
    advice: Advice | None = None
    # Letters from before that are taken in, in per cent.
    share: int = 0


@dataclass(frozen=True, slots=True)
class Late:
    """A watched folder that was not read for too long."""

    folder: Folder
    since: datetime
    advice: Advice | None

    @property
    def name(self) -> str:
        return readable(self.folder.name)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What everybody at the desk has to know."""

    late: tuple[Late, ...] = ()
    # When the oldest letter that nobody takes was stored.
    untaken_since: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.late or self.untaken_since)

    @property
    def since(self) -> datetime | None:
        """Since when letters may be missing from the desk."""
        moments = [each.since for each in self.late] + ([self.untaken_since] if self.untaken_since else [])
        return min(moments, default=None)


def patience() -> timedelta:
    """How long may pass without a good look. Never less than two looks take."""
    return max(timedelta(minutes=settings.MAIL_LAG_MINUTES), timedelta(seconds=2 * settings.MAIL_POLL_SECONDS))


def ill_folders(now: datetime) -> QuerySet[Folder]:
    """The watched folders that are behind, and those that cannot be read for more than a moment."""
    watched = mailboxes.watched_folders().annotate(quiet=_QUIET_SINCE)
    return watched.filter(Q(quiet__lt=now - patience()) | Q(failed_since__lt=now - A_MOMENT))


def late_folders(now: datetime) -> list[Late]:
    """The watched folders that are behind, the longest first."""
    watched = mailboxes.watched_folders().annotate(quiet=_QUIET_SINCE)
    behind = watched.filter(quiet__lt=now - patience()).order_by("quiet", "id")
    return [Late(folder, _quiet_since(folder), _advice(folder)) for folder in behind]


def oldest_untaken(now: datetime) -> datetime | None:
    """When the oldest letter was stored that should long have been taken; history is allowed to wait."""
    waiting = Receipt.objects.filter(state=Receipt.State.NEW, is_old=False).order_by("id")
    stored = waiting.values_list("stored_at", flat=True).first()
    return stored if stored and stored < now - timedelta(minutes=settings.MAIL_LAG_MINUTES) else None


def alarm(now: datetime) -> Alarm:
    """Everything that is behind, in two queries."""
    return Alarm(tuple(late_folders(now)), oldest_untaken(now))


def lags(now: datetime) -> dict[int, timedelta]:
    """How long each watched folder has not been read, by its number."""
    rows = mailboxes.watched_folders().annotate(quiet=_QUIET_SINCE).values_list("id", "quiet")
    return {pk: max(now - quiet, timedelta()) for pk, quiet in rows}


def of(folder: Folder, now: datetime) -> Health:
    """How this folder is; asks nothing of the database if its mailbox is at hand."""
    if not (folder.is_watched and folder.mailbox.is_watched):
        return Health(State.OFF)
    quiet, lag = _quiet_since(folder), now - folder.last_ok_at if folder.last_ok_at else None
    if now - quiet > patience():
        return Health(State.BEHIND, lag, quiet, _advice(folder))
    if folder.failed_since:
        return Health(State.FAILING, lag, folder.failed_since, _advice(folder))
    if folder.last_ok_at is None or folder.last_ok_at < folder.watched_since:
        return Health(State.CONNECTING, lag, folder.watched_since)
    if folder.old_next_uid < folder.old_end_uid:
        return Health(State.HISTORY, lag, share=100 * folder.old_done // max(folder.old_total, 1))
    return Health(State.WORKS, lag)


def _quiet_since(folder: Folder) -> datetime:
    return max(folder.last_ok_at or folder.watched_since, folder.watched_since)


def _advice(folder: Folder) -> Advice | None:
    return advise(folder.last_error) if folder.last_error else None
