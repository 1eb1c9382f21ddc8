"""Trying an account for letters out before it is saved: step by step, to the recipient's name, without a letter."""

from __future__ import annotations

from enum import StrEnum

from mailbox import smtp
from mailbox.accounts import Account
from mailbox.advice import Advice
from mailbox.attempts import Attempt, Step, look_up, reach
from mailbox.smtp_advice import advise_smtp


class Stage(StrEnum):
    """In the order they are gone through."""

    NAME = "name"
    PORT = "port"
    SPEECH = "speech"
    LOGIN = "login"
    ADDRESS = "address"


class _Attempt(Attempt):
    stages = tuple(Stage)
    broken = (OSError, smtp.Unreachable)

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account

    def go(self) -> None:
        host, port = self.account.host, self.account.port
        look_up(host, port)
        self.at = Stage.PORT
        reach(host, port)
        self.at = Stage.SPEECH
        try:
            smtp.try_out(self.account)
        except smtp.Unreachable as error:
            # Without a cause it is the server's plain refusal of the sender or the recipient.
            self.at = Stage.LOGIN if error.is_locked_out else self.at if error.__cause__ else Stage.ADDRESS
            raise

    def advice(self) -> Advice:
        return advise_smtp(self.error)


def try_out(account: Account) -> tuple[Step, ...]:
    """Connect, sign in, write as the account to itself, and send nothing; answers in time whatever the server does."""
    return _Attempt(account).carry_out()
