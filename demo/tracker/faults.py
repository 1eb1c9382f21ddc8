"""Making the look-alike fail as the real one does. Off by default."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field

from demo.tracker.records import ApiError

# An answer in place of the real one; "drop": the connection ends without a word, "hang": no answer comes.
KINDS = ("status", "html", "drop", "hang")


@dataclass
class Fault:
    """What happens to the next calls that fit; `after`: when they have had their effect."""

    kind: str = "status"
    status: int = 500
    after: bool = False
    times: int = 1
    # A method and a pattern of the path that it is for.
    method: str = ""
    path: str = ""
    retry_after: str = ""
    message: str = "Сервис временно недоступен."

    def fits(self, method: str, path: str) -> bool:
        return self.method in ("", method) and re.search(self.path, path) is not None


@dataclass
class Bucket:
    """So many calls a second; beyond it 429, with the header or without it."""

    per_second: float = 0
    says_when: bool = True
    _left: float = 0
    _at: float = field(default_factory=time.monotonic)

    def take(self) -> None:
        if not self.per_second:
            return
        now = time.monotonic()
        self._left = min(self.per_second, self._left + (now - self._at) * self.per_second)
        self._at = now
        if self._left < 1:
            raise ApiError(429, "Слишком много запросов.")
        self._left -= 1


class Faults:
    """The faults that wait, in order; safe for threads."""

    def __init__(self) -> None:
        self.bucket = Bucket()
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}; one of {', '.join(KINDS)}")
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def next(self, method: str, path: str) -> Fault | None:
        """The fault of this call, used up."""
        with self._lock:
            for fault in self._waiting:
                if fault.fits(method, path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None
