"""Trying a connection before it is saved: step by step, so that somebody sees what works and what does not.

Done in the request itself, within LIMIT_SECONDS: a worker would need the password, and a password has no business
in a broker. Only an administrator can ask for it.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _

from mailbox.advice import Advice, advise
from mailbox.imap import BROKEN, Account, ImapSession, LoginRefused, Place, sent_among

LIMIT_SECONDS: float = 9
# Attempts that hang go on in their threads for a while; so many of them at once are enough.
MOST_AT_ONCE = 4
_running = threading.BoundedSemaphore(MOST_AT_ONCE)


class Stage(StrEnum):
    """In the order they are gone through."""

    NAME = "name"
    PORT = "port"
    SPEECH = "speech"
    LOGIN = "login"
    FOLDERS = "folders"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: passed, failed with advice, or (neither) not come to."""

    stage: Stage
    passed: bool = False
    advice: Advice | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What an attempt came to, with the folders that are there to choose from."""

    steps: tuple[Step, ...]
    places: tuple[Place, ...] = ()
    sent: str = ""

    @property
    def ok(self) -> bool:
        return all(step.passed for step in self.steps)


@dataclass(slots=True)
class _Attempt:
    """What the thread has come to; read by the request when the time is over."""

    account: Account
    # Given back when the server has let go, which may be long after the page was answered.
    slot: threading.BoundedSemaphore
    at: Stage = Stage.NAME
    error: str = ""
    places: list[Place] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            self._go()
        except LoginRefused as error:
            self.at, self.error = Stage.LOGIN, str(error)
        except BROKEN as error:
            self.error = str(error) or type(error).__name__
        finally:
            self.slot.release()
            self.done.set()

    def _go(self) -> None:
        host, port = self.account.host, self.account.port
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.at = Stage.PORT
        socket.create_connection((host, port), timeout=LIMIT_SECONDS).close()
        self.at = Stage.SPEECH
        with ImapSession(self.account) as session:
            self.at = Stage.FOLDERS
            self.places = session.folders()
        if not self.places:
            self.error = "no folders"


def try_out(account: Account) -> Trial:
    """Connect, log in and look which folders there are; answers within LIMIT_SECONDS whatever the server does."""
    slot = _running
    if not slot.acquire(blocking=False):
        busy = Advice(_("Other attempts are still waiting for their servers."), _("Try again in a minute."))
        return Trial(_steps(Stage.NAME, busy))
    attempt = _Attempt(account, slot)
    threading.Thread(target=attempt.run, name="mail trial", daemon=True).start()
    if not attempt.done.wait(LIMIT_SECONDS):
        return Trial(_steps(attempt.at, advise("timed out")))
    if attempt.error:
        return Trial(_steps(attempt.at, _advice(attempt)))
    return Trial(
        tuple(Step(stage, passed=True) for stage in Stage), tuple(attempt.places), sent_among(attempt.places) or ""
    )


def _advice(attempt: _Attempt) -> Advice:
    if attempt.at is Stage.FOLDERS and not attempt.places and attempt.error == "no folders":
        return Advice(_("The server shows no folder to this login."), _("Ask the provider whether it may use IMAP."))
    return advise(attempt.error)


def _steps(failed: Stage, advice: Advice) -> tuple[Step, ...]:
    """Everything before the stage passed, nothing after it was tried."""
    stages = list(Stage)
    at = stages.index(failed)
    return tuple(
        Step(stage, passed=index < at, advice=advice if index == at else None) for index, stage in enumerate(stages)
    )
