"""Trying a mailbox before it is saved: step by step, so that somebody sees what works and what does not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from mailbox.advice import Advice
from mailbox.attempts import Attempt, Step, look_up, reach
from mailbox.imap import BROKEN, Account, ImapSession, LoginRefused, Place, sent_among


class Stage(StrEnum):
    """In the order they are gone through."""

    NAME = "name"
    PORT = "port"
    SPEECH = "speech"
    LOGIN = "login"
    FOLDERS = "folders"


@dataclass(frozen=True, slots=True)
class Trial:
    """What an attempt came to, with the folders that are there to choose from."""

    steps: tuple[Step, ...]
    places: tuple[Place, ...] = ()
    sent: str = ""

    @property
    def ok(self) -> bool:
        return all(step.passed for step in self.steps)


class _Attempt(Attempt):
    stages = tuple(Stage)
    broken = (*BROKEN, LoginRefused)

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account
        self.places: list[Place] = []

    def go(self) -> None:
        host, port = self.account.host, self.account.port
        look_up(host, port)
        self.at = Stage.PORT
        reach(host, port)
        self.at = Stage.SPEECH
        try:
            with ImapSession(self.account) as session:
                self.at = Stage.FOLDERS
                self.places = session.folders()
        except LoginRefused:
            self.at = Stage.LOGIN
            raise
        if not self.places:
            self.error = "no folders"

    def advice(self) -> Advice:
        if self.at is Stage.FOLDERS and not self.places and self.error == "no folders":
            return Advice(
                _("The server shows no folder to this login."), _("Ask the provider whether it may use IMAP.")
            )
        return super().advice()


def try_out(account: Account) -> Trial:
    """Connect, log in and look which folders there are; answers in time whatever the server does."""
    attempt = _Attempt(account)
    steps = attempt.carry_out()
    if not all(step.passed for step in steps):
        return Trial(steps)
    return Trial(steps, tuple(attempt.places), sent_among(attempt.places) or "")
