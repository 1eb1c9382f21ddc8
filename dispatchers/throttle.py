"""Slowing down who guesses passwords: after ten failures of one login from one address, five minutes of waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

from config.throttle import Throttle

FAILURES = 10
WAIT = timedelta(minutes=5)
_sign_in = Throttle("sign-in", FAILURES, WAIT)


def wait_left(login: str, address: str, now: datetime) -> timedelta:
    """How long this login must not be tried from this address; zero if it may be tried now."""
    return _sign_in.wait_left(login.casefold(), address, now=now)


def note_failure(login: str, address: str, now: datetime) -> None:
    """Count one failure; a run of them ends after five quiet minutes or by signing in."""
    _sign_in.note_failure(login.casefold(), address, now=now)


def forget(login: str, address: str) -> None:
    _sign_in.forget(login.casefold(), address)
