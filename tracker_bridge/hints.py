"""Hints of a tracker that an issue changed: a key to look at and nothing else, so that a forged one costs a look."""

from __future__ import annotations

import re
from datetime import datetime

from django.core.cache import cache, caches

from tracker_bridge.waking import wake

# More are not taken by one process: what they would tell is read within seconds anyhow.
MOST_A_MINUTE = 600
# A hint that nobody has taken up by then is worth nothing: changes are read by the clock.
GOOD_FOR_SECONDS = 30


def is_of_queue(key: str, queue: str) -> bool:
    """Issues that were moved away, or never were ours, are no business of this queue."""
    return re.fullmatch(rf"{re.escape(queue)}-[1-9][0-9]{{0,9}}", key) is not None


def is_one_too_many(now: datetime) -> bool:
    """Count one hint of this minute, without a query."""
    counter, calls = f"tracker-hints:{now:%Y%m%d%H%M}", caches["calls"]
    calls.add(counter, 0, 120)
    try:
        return calls.incr(counter) > MOST_A_MINUTE
    except ValueError:  # the minute ended between the two lines
        return False


def take(key: str) -> bool:
    """Have the issue looked at; False if it is going to be anyhow."""
    if not cache.add(_mark(key), 1, GOOD_FOR_SECONDS):
        return False
    wake("hear", key, expires=GOOD_FOR_SECONDS)
    return True


def begin(key: str) -> None:
    """From now on a hint tells of something newer than what this look will see."""
    cache.delete(_mark(key))


def _mark(key: str) -> str:
    return f"tracker-hint:{key}"
