"""Keeps logs readable while something is broken for long: the same trouble is told once a minute, with its count."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable

SECONDS = 60.0
# Different troubles within a minute; more of them are told each time.
MOST_KNOWN = 1_000
# Tasks are told by their ids, which differ each time.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Repeats(logging.Filter):
    """Of warnings and errors with the same words, raised at the same place, lets one through a minute.

    The next one that comes through says how many were left out before it.
    """

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        # When it was told last, and how many were left out since.
        self._known: dict[object, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        left_out = self._left_out(_key(record), self._clock())
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} times more since it was last written)"
            record.args = None
        return left_out is not None

    def _left_out(self, key: object, now: float) -> int | None:
        """How many like it were left out; None if this one has to be, too."""
        with self._lock:
            told, number = self._known.get(key, (float("-inf"), 0))
            if now - told < self._seconds:
                self._known[key] = told, number + 1
                return None
            if len(self._known) >= MOST_KNOWN:
                self._known = {each: value for each, value in self._known.items() if now - value[0] < self._seconds}
            if len(self._known) < MOST_KNOWN:
                self._known[key] = now, 0
            return number


def _key(record: logging.LogRecord) -> object:
    error = record.exc_info[1] if record.exc_info else None
    place = error.__traceback__ if error else None
    while place and place.tb_next:
        place = place.tb_next
    where = (place.tb_frame.f_code.co_filename, place.tb_lineno) if place else ()
    return record.name, record.levelno, _ID.sub("", record.getMessage()), type(error).__name__, where
