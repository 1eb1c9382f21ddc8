"""Slowing down who guesses passwords: after ten failures of one login from one address, five minutes of waiting.

Kept in the cache, which all web processes share.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.core.cache import cache

FAILURES = 10
WAIT = timedelta(minutes=5)


def wait_left(login: str, address: str, now: datetime) -> timedelta:
    """How long this login must not be tried from this address; zero if it may be tried now."""
    until: datetime | None = cache.get(_key("wait", login, address))
    return max(until - now, timedelta()) if until else timedelta()


def note_failure(login: str, address: str, now: datetime) -> None:
    """Count one failure; a run of them ends after five quiet minutes or by signing in."""
    key = _key("failures", login, address)
    cache.add(key, 0, WAIT.total_seconds())
    try:
        failures = cache.incr(key)
    except ValueError:  # it ran out between the two lines
        return
    cache.touch(key, WAIT.total_seconds())
    if failures >= FAILURES:
        cache.set(_key("wait", login, address), now + WAIT, WAIT.total_seconds())
        cache.delete(key)


def forget(login: str, address: str) -> None:
    cache.delete_many([_key("failures", login, address), _key("wait", login, address)])


def _key(what: str, login: str, address: str) -> str:
    # Hashed: a login may hold anything, a cache key may not.
    who = hashlib.sha256(f"{login.casefold()}\n{address}".encode()).hexdigest()
    return f"sign-in:{what}:{who}"
