"""Slowing down who guesses: after so many failures from one place, some minutes of waiting.

Kept in the cache, which all web processes share.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Throttle:
    """`name` keeps what is guessed here apart from what is guessed elsewhere; `who` is whoever guesses."""

    name: str
    failures: int = 10
    wait: timedelta = timedelta(minutes=5)

    def wait_left(self, *who: str, now: datetime) -> timedelta:
        """How long nothing must be tried from there; zero if it may be tried now."""
        until: datetime | None = cache.get(self._key("wait", who))
        return max(until - now, timedelta()) if until else timedelta()

    def note_failure(self, *who: str, now: datetime) -> None:
        """Count one failure; a run of them ends after a quiet while or by `forget`."""
        key, seconds = self._key("failures", who), self.wait.total_seconds()
        cache.add(key, 0, seconds)
        try:
            failures = cache.incr(key)
        except ValueError:  # it ran out between the two lines
            return
        cache.touch(key, seconds)
        if failures >= self.failures:
            cache.set(self._key("wait", who), now + self.wait, seconds)
            cache.delete(key)

    def forget(self, *who: str) -> None:
        cache.delete_many([self._key("failures", who), self._key("wait", who)])

    def _key(self, what: str, who: tuple[str, ...]) -> str:
        # Hashed: a login may hold anything, a cache key may not.
        return f"{self.name}:{what}:{hashlib.sha256(chr(10).join(who).encode()).hexdigest()}"


def client_address(request: HttpRequest | None) -> str:
    """Where the request comes from: what our gateway wrote last, or the other end of the connection without one."""
    if request is None:
        return ""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded.rpartition(",")[2].strip())
    return str(request.META.get("REMOTE_ADDR", ""))
