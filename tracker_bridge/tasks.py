"""The mirror's work by the clock. Without a tracker in the settings each of these does nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from mailbox.locks import alone
from tracker_bridge import (
    alarms,
    backends,
    catching_up,
    checking,
    connecting,
    hints,
    mirrors,
    pulling,
    pushing,
    remote_files,
    sweeping,
)
from tracker_bridge.models import Mirror
from tracker_bridge.protocol import TrackerBackend, TrackerError

# One process at a time reads; many may write.
LOCK_CLASS, READING, SWEEPING = 77_421, 2, 3
SWEEP_EVERY = timedelta(hours=12)


@shared_task
def push() -> int:
    """Tell what waits."""
    return _with(lambda backend, mirror: pushing.push(backend, mirror, now=timezone.now))


@shared_task
def pull() -> int:
    """Read what changed over there."""

    def work(backend: TrackerBackend, mirror: Mirror) -> int:
        with alone(LOCK_CLASS, READING) as is_alone:
            if not is_alone:
                return 0
            if mirror.checked_at is None:
                # Just switched on: what is wrong is said now, and not within the hour.
                check()
            catching_up.once(mirror, timezone.now())
            return pulling.pull(backend, mirror, now=timezone.now)

    return _with(work)


@shared_task
def fetch_files() -> int:
    """Copy files that people attached over there."""
    return _with(lambda backend, mirror: remote_files.fetch(backend, mirror, now=timezone.now))


@shared_task
def look_closer() -> int:
    """Deadlines that passed, letters that were read or moved, and in turn every open issue by its id."""

    def work(backend: TrackerBackend, mirror: Mirror) -> int:
        now = timezone.now()
        alarms.check(mirror, now)
        found = sweeping.note_quiet_changes(mirror, now) + sweeping.add_missing_letters(mirror, now)
        is_due = mirror.swept_up_to or mirror.swept_at is None or mirror.swept_at < now - SWEEP_EVERY
        with alone(LOCK_CLASS, SWEEPING) as is_alone:
            if is_alone and is_due and mirrors.may_call(mirror, now):
                sweeping.sweep(backend, mirror, now, limit=100)
        return found

    return _with(work)


@shared_task
def check() -> int:
    """Whether all that the settings name is over there, who is who, and whether the tokens will last."""

    def work(backend: TrackerBackend, mirror: Mirror) -> int:
        now, tracker = timezone.now(), mirrors.configured()
        if tracker:
            connecting.look_after(tracker, now)
        try:
            problems = checking.problems(backend, now)
            mirrors.note_problems(mirror, problems, now)
        except TrackerError as error:
            mirrors.stand_still(mirror, error, now)
            return 0
        return len(problems)

    return _with(work)


@shared_task
def hear(remote_id: str) -> None:
    """A hint: look at this issue now."""
    hints.begin(remote_id)

    def work(backend: TrackerBackend, mirror: Mirror) -> int:
        now = timezone.now()
        if mirrors.may_call(mirror, now):
            try:
                pulling.one(backend, mirror, remote_id, now)
            except TrackerError:
                # It was a hint only: the next reading of changes will see it.
                return 0
        return 1

    _with(work)


def _with(work: Callable[[TrackerBackend, Mirror], int]) -> int:
    mirror = mirrors.row(timezone.now())
    if mirror is None:
        return 0
    before = mirror.state
    done = work(backends.load(mirrors.configured()), mirror)
    if mirror.state != before:
        alarms.check(mirror, timezone.now())
    return done
