"""Making the look-alike fail as the real one does. Off by default."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from demo.tracker.records import ApiError

# An answer in place of the real one; "drop": the connection ends without a word, "hang": no answer comes.
# "slow": the answer comes late, so that calls that were sent later are done before it.
KINDS = ("status", "html", "drop", "hang", "slow")
SLOW_SECONDS = 0.2


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

    @property
    def name(self) -> str:
        what = str(self.status) if self.kind == "status" else self.kind
        return f"{what} after its effect" if self.after else what

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
    """The faults that wait, in order, and a share of all calls that fails by chance; safe for threads."""

    def __init__(self) -> None:
        self.bucket = Bucket()
        # What happened to calls so far, by kind.
        self.happened: Counter[str] = Counter()
        self._waiting: list[Fault] = []
        self._share, self._kinds, self._random = 0.0, tuple[Fault, ...](), Random()
        self._lock = threading.Lock()

    def storm(self, share: float, kinds: Sequence[Fault], seed: int = 0) -> None:
        """From now on this share of the calls fails, each by one of these."""
        with self._lock:
            self._share, self._kinds, self._random = share, tuple(kinds), Random(seed)

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}; one of {', '.join(KINDS)}")
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """No more of any kind."""
        with self._lock:
            self._waiting.clear()
            self._share = 0.0

    def next(self, method: str, path: str) -> Fault | None:
        """The fault of this call, used up."""
        with self._lock:
            for fault in self._waiting:
                if fault.fits(method, path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
            if not self._share or self._random.random() >= self._share:
                return None
            fitting = [fault for fault in self._kinds if fault.fits(method, path)]
            if not fitting:
                return None
            chosen = self._random.choice(fitting)
            self.happened[chosen.name] += 1
            return chosen
