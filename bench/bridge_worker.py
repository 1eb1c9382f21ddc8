"""A process that tells the tracker and reads it, there to be killed; as the tasks of the mirror do it, without beat."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from config.tracker import read_tracker  # noqa: E402
from mailbox.locks import alone  # noqa: E402
from tracker_bridge import backends, jobs, mirrors, pulling, pushing, remote_files, sweeping, tasks  # noqa: E402
from tracker_bridge.backends import http  # noqa: E402
from tracker_bridge.backends.yandex import backend as yandex  # noqa: E402

# What died is taken up again, and what failed is tried again, in seconds instead of minutes.
SPEED = 60
LOOK_SECONDS = 0.05
# The look-alike lets a call hang for longer.
ANSWER_SECONDS = 0.7
# Searches of the look-alike are late by less.
OVERLAP = timedelta(seconds=5)
READ_EVERY, LOOK_CLOSER_EVERY = timedelta(seconds=0.5), timedelta(seconds=3)


def work(reads: bool) -> None:
    """Tell whatever is due until killed; one of the processes also reads, and looks for what no event tells."""
    logging.disable(logging.CRITICAL)
    connections.close_all()
    _hurry()
    settings.TRACKER = read_tracker()
    backend = backends.load(settings.TRACKER)
    read_at = looked_at = timezone.now()
    while True:
        mirror = mirrors.row(timezone.now())
        if mirror is None:
            raise SystemExit("no tracker")
        done = pushing.push(backend, mirror, now=timezone.now, seconds=0.5 if reads else 2)
        done += remote_files.fetch(backend, mirror, now=timezone.now, seconds=1)
        if reads and timezone.now() - read_at > READ_EVERY:
            with alone(tasks.LOCK_CLASS, tasks.READING) as is_alone:
                done += pulling.pull(backend, mirror, now=timezone.now, seconds=5) if is_alone else 0
            read_at = timezone.now()
        if reads and timezone.now() - looked_at > LOOK_CLOSER_EVERY:
            looked_at = timezone.now()
            sweeping.note_quiet_changes(mirror, looked_at)
            sweeping.add_missing_letters(mirror, looked_at)
        if not done:
            time.sleep(LOOK_SECONDS)


def _hurry() -> None:
    jobs.LEASE = timedelta(seconds=15)
    jobs.PLAN = [each / SPEED for each in jobs.PLAN]
    remote_files.LEASE, remote_files.PLAN = jobs.LEASE, [each / SPEED for each in remote_files.PLAN]
    pushing.LOOK_AGAIN = pushing.LOOK_AGAIN / SPEED
    mirrors.ASK_AGAIN = mirrors.LOOK_AGAIN = timedelta(seconds=0.5)
    http.READ_SECONDS = ANSWER_SECONDS
    yandex.OVERLAP = OVERLAP
