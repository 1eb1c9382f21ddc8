"""Trying an account for letters out before it is saved: step by step, to the recipient's name, without a letter."""

from __future__ import annotations

from enum import StrEnum

from mailbox import smtp
from mailbox.accounts import Account, Security
from mailbox.advice import Advice
from mailbox.attempts import Attempt, Step, look_up, reach
from mailbox.smtp_advice import advise_smtp


class Stage(StrEnum):
    """In the order they are gone through; where the encryption begins with the first byte, it stands before SMTP."""

    NAME = "name"
    PORT = "port"
    SPEECH = "speech"
    TLS = "tls"
    LOGIN = "login"
    ADDRESS = "address"


class _Attempt(Attempt):
    broken = (OSError, smtp.Unreachable)

    def __init__(self, account: Account) -> None:
        self.stages = _stages(account)
        super().__init__()
        self.account = account

    def go(self) -> None:
        host, port = self.account.host, self.account.port
        look_up(host, port)
        self.at = Stage.PORT
        reach(host, port)
        smtp.try_out(self.account, reached=self._reached)

    def _reached(self, stage: smtp.Stage) -> None:
        self.at = Stage(stage.value)

    def advice(self) -> Advice:
        return advise_smtp(self.error)


def try_out(account: Account) -> tuple[Step, ...]:
    """Connect, sign in, write as the account to itself, and send nothing; answers in time whatever the server does."""
    return _Attempt(account).carry_out()


def _stages(account: Account) -> tuple[Stage, ...]:
    """Those that this account goes through."""
    by_security = {Security.SSL: [Stage.TLS, Stage.SPEECH], Security.STARTTLS: [Stage.SPEECH, Stage.TLS]}
    speech = by_security.get(Security(account.security), [Stage.SPEECH])
    login = [Stage.LOGIN] if account.username else []
    return (Stage.NAME, Stage.PORT, *speech, *login, Stage.ADDRESS)
