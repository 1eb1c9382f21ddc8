"""Synchronisation with TowerStore: reads its three feeds one after another and brings the registry up to date.

A feed that cannot be used is refused and the others go on. What was taken, skipped and refused stands in SyncRun.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from towers import rows, upserts
from towers.models import SyncRun
from towers.reasons import Reason, reason
from towers.rows import Feed, Reader
from towers.towerstore import FeedRefused, read_feed
from towers.upserts import Limits, Outcome, TooLittle

logger = logging.getLogger(__name__)

FEEDS = ("poles", "contractors", "stations")
SETTING_OF = {"poles": "TS_POLES_TL_URL", "contractors": "TS_AVR_REPORT_URL", "stations": "TS_BS_REPORT_URL"}
# pg_try_advisory_lock: any number that nobody else in this database uses.
_LOCK = 0x746F77657273

Row = TypeVar("Row")


class SyncImpossible(Exception):
    """Nothing was begun; `user_message` says why."""

    def __init__(self, user_message: str | Promise) -> None:
        super().__init__(str(user_message))
        self.user_message = user_message


class NotConfigured(SyncImpossible):
    def __init__(self) -> None:
        super().__init__(_("No TowerStore address is configured: set %s.") % ", ".join(SETTING_OF.values()))


class AlreadyRunning(SyncImpossible):
    def __init__(self) -> None:
        super().__init__(_("A synchronisation is running already."))


def is_configured() -> bool:
    return any(settings.TOWERSTORE.values())


def sync(now: datetime) -> SyncRun:
    """Run one synchronisation and return its row. Raises NotConfigured or AlreadyRunning before anything is begun."""
    if not is_configured():
        raise NotConfigured
    with _alone():
        _close_crashed(now)
        run = SyncRun.objects.create(started_at=now)
        begun = time.monotonic()
        try:
            for name in FEEDS:
                _take_feed(run, name, now)
            run.state = _state(run)
        except BaseException:
            _mark_unfinished(run)
            run.state = SyncRun.State.FAILED
            raise
        finally:
            run.finished_at = now + timedelta(seconds=time.monotonic() - begun)
            run.save(update_fields=["state", "finished_at", "feeds"])
    logger.info("synchronisation %s: %s", run.pk, run.state)
    return run


@contextmanager
def _alone() -> Iterator[None]:
    """Holds the lock of the whole database; the server frees it when this process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            raise AlreadyRunning
    try:
        yield
    finally:
        # With the connection gone, the lock is gone as well.
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _close_crashed(now: datetime) -> None:
    """Rows of runs that died: nobody runs while we hold the lock."""
    for run in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
        _mark_unfinished(run)
        run.state, run.finished_at = SyncRun.State.FAILED, now
        run.save(update_fields=["state", "finished_at", "feeds"])


def _mark_unfinished(run: SyncRun) -> None:
    for name in FEEDS:
        entry = run.feeds.setdefault(name, {})
        if entry.pop("stage", "") or not entry:
            entry["refused"] = reason("crashed")


def _state(run: SyncRun) -> SyncRun.State:
    refused = [bool(run.feeds[name]["refused"]) for name in FEEDS]
    if all(refused):
        return SyncRun.State.FAILED
    return SyncRun.State.PARTLY if any(refused) else SyncRun.State.DONE


@dataclass(frozen=True, slots=True)
class _Source(Generic[Row]):
    """How one feed is read and where its rows go."""

    reader: Callable[[], Reader[Row]]
    take: Callable[[Feed[Row], Limits, datetime], Outcome]


def _source(name: str) -> _Source[Any]:
    if name == "poles":
        return _Source(rows.pole_reader, upserts.take_poles)
    if name == "stations":
        return _Source(rows.station_reader, upserts.take_stations)
    default_emails = settings.DEFAULT_CONTRACTOR_EMAILS
    return _Source(rows.contractor_reader, partial(upserts.take_contractors, default_emails=default_emails))


def _take_feed(run: SyncRun, name: str, now: datetime) -> None:
    """One feed from the network into the registry; the run's row says where it stands."""
    source = _source(name)
    reader = source.reader()
    _note(run, name, {"stage": "reading"})
    try:
        feed = _read(name, reader)
        _note(run, name, {"stage": "storing", "rows": feed.total})
        with transaction.atomic():
            outcome = source.take(feed, _limits(), now)
    except (FeedRefused, TooLittle) as refused:
        logger.warning("feed %s was refused: %s", name, refused.reason)
        _note(run, name, _entry(reader.feed, Outcome(), refused.reason))
    else:
        _note(run, name, _entry(feed, outcome, None))


def _read(name: str, reader: Reader[Row]) -> Feed[Row]:
    url = settings.TOWERSTORE[name]
    if not url:
        raise FeedRefused("no_address", setting=SETTING_OF[name])
    return read_feed(url, reader, timeout=settings.TOWERSTORE_TIMEOUT, most_bytes=settings.TOWERSTORE_MAX_BYTES)


def _limits() -> Limits:
    return Limits(least_share=settings.TOWERSTORE_LEAST_SHARE, most_gone=settings.TOWERSTORE_MOST_GONE)


def _entry(feed: Feed[Any], outcome: Outcome, refused: Reason | None) -> dict[str, Any]:
    return {
        "rows": feed.total,
        "taken": outcome.taken,
        "created": outcome.created,
        "changed": outcome.changed,
        "gone": outcome.gone,
        "held": outcome.held,
        "skipped": feed.notes.skipped,
        "incomplete": len(feed.notes.incomplete),
        "examples": feed.notes.examples,
        "refused": refused,
    }


def _note(run: SyncRun, name: str, entry: dict[str, Any]) -> None:
    run.feeds = {**run.feeds, name: entry}
    run.save(update_fields=["feeds"])
