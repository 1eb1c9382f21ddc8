"""A process that sends, forked within milliseconds from one that has read Django already; it is there to be killed."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

import django

django.setup()

from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from mailbox import outbox, smtp  # noqa: E402

# What hangs, hangs no longer than this.
smtp.VERDICT_SECONDS = 0.7
LOOK_SECONDS = 0.02


class Clock:
    """A clock that runs so many times faster, the same in all processes."""

    def __init__(self, start: datetime, speed: float) -> None:
        self.start, self.speed = start, speed

    def __call__(self) -> datetime:
        gone: timedelta = timezone.now() - self.start
        return self.start + gone * self.speed


def send(clock: Clock) -> None:
    """Send whatever is due until killed."""
    logging.disable(logging.CRITICAL)
    connections.close_all()
    while True:
        outbox.send_due(now=clock)
        time.sleep(LOOK_SECONDS)
