"""Trying a server stage by stage, within LIMIT_SECONDS whatever it does.

Done in the request itself: a worker would need the password, and a password has no business in a broker. Only an
administrator can ask for it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from mailbox.advice import Advice, advise

LIMIT_SECONDS: float = 9
# Attempts that hang go on in their threads for a while; so many of them at once are enough.
MOST_AT_ONCE = 4
_running = threading.BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: passed, failed with advice, or (neither) not come to."""

    stage: StrEnum
    passed: bool = False
    advice: Advice | None = None


class Attempt:
    """What a thread has come to; read by the request when the time is over. `go` moves `at` on, or raises."""

    # In the order they are gone through.
    stages: Sequence[StrEnum]
    # What `go` may raise when the world is down.
    broken: tuple[type[Exception], ...] = (OSError,)

    def __init__(self) -> None:
        self.at = self.stages[0]
        self.error = ""
        self._done = threading.Event()

    def go(self) -> None:
        raise NotImplementedError

    def advice(self) -> Advice:
        """What the error means, and what to do about it."""
        return advise(self.error)

    def carry_out(self) -> tuple[Step, ...]:
        """Go as far as the server lets us; every stage with what came of it."""
        slot = _running
        if not slot.acquire(blocking=False):
            busy = Advice(_("Other attempts are still waiting for their servers."), _("Try again in a minute."))
            return self._steps(self.stages[0], busy)
        threading.Thread(target=self._run, args=[slot], name="mail trial", daemon=True).start()
        if not self._done.wait(LIMIT_SECONDS):
            return self._steps(self.at, advise("timed out"))
        if self.error:
            return self._steps(self.at, self.advice())
        return tuple(Step(stage, passed=True) for stage in self.stages)

    def _run(self, slot: threading.BoundedSemaphore) -> None:
        try:
            self.go()
        except self.broken as error:
            self.error = str(error) or type(error).__name__
        finally:
            # Given back when the server has let go, which may be long after the page was answered.
            slot.release()
            self._done.set()

    def _steps(self, failed: StrEnum, advice: Advice) -> tuple[Step, ...]:
        """Everything before the stage passed, nothing after it was tried."""
        at = self.stages.index(failed)
        return tuple(
            Step(stage, passed=index < at, advice=advice if index == at else None)
            for index, stage in enumerate(self.stages)
        )


def reach(host: str, port: int) -> None:
    """Open a connection and close it. Raises OSError."""
    socket.create_connection((host, port), timeout=LIMIT_SECONDS).close()


def look_up(host: str, port: int) -> None:
    """Whether anybody knows the name. Raises OSError."""
    socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
