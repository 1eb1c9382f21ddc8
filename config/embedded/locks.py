"""File locks that the kernel drops with their holder, so a kill -9 leaves nothing to clean."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PAUSE = 0.02


class FileLock:
    """An advisory lock on a file: many may share it, or one holds it alone. The file itself stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def share(self, *, wait: float = 0) -> bool:
        return self._take(fcntl.LOCK_SH, wait)

    def hold_alone(self, *, wait: float = 0) -> bool:
        return self._take(fcntl.LOCK_EX, wait)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_taken(self) -> bool:
        """Whether somebody holds the lock alone; the caller must not hold it itself."""
        probe = FileLock(self.path)
        free = probe.share()
        probe.release()
        return not free

    def _take(self, kind: int, wait: float) -> bool:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self.release()
                    return False
                time.sleep(PAUSE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
