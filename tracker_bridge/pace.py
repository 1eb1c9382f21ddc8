"""Not faster than the tracker allows, whichever worker calls: a bucket for each kind of calls, kept in the broker."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import cache

import redis
from django.conf import settings

from config.embedded import paths
from tracker_bridge.protocol import Transient

logger = logging.getLogger(__name__)

SEARCH, CALL = "search", "call"
# Trackers let searches through less often than the rest.
SHARE_OF_SEARCHES = 0.5
# So many seconds' worth of calls may come at once after a pause.
BURST_SECONDS = 1.0
# Whoever would wait longer gives up, so that no worker is lost to waiting.
PATIENCE = 10.0
BROKER_SECONDS = 2
# The moment until which a bucket is used up moves on by one call; how long to wait for it comes back. A call that would
# wait too long is not counted.
TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local each, burst, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = math.max(used + each - now - burst, 0)
if wait <= patience then redis.call('SET', KEYS[1], string.format('%.6f', used + each), 'PX', 60000) end
return string.format('%.6f', wait)
"""


class Pace:
    """Called with the path of each call before it is made; comes back when it is its turn.

    Raises Transient when that would take too long. Without a broker nobody is kept waiting.
    """

    def __init__(self, backend: str, per_second: float) -> None:
        self.backend, self.per_second = backend, per_second

    def __call__(self, path: str) -> None:
        if not self.per_second:
            return
        kind = SEARCH if "_search" in path else CALL
        wait = self._wait(kind, self.per_second * (SHARE_OF_SEARCHES if kind == SEARCH else 1))
        if wait > PATIENCE:
            raise Transient("the tracker would be called too often", retry_after=timedelta(seconds=wait - PATIENCE))
        time.sleep(wait)

    def _wait(self, kind: str, per_second: float) -> float:
        try:
            args = [1 / per_second, max(BURST_SECONDS, 1 / per_second), PATIENCE]
            return float(_script()(keys=[_key(self.backend, kind)], args=args))
        except (redis.RedisError, OSError) as error:
            logger.warning("no pace without a broker: %s", error)
            return 0.0


def seconds_behind(backend: str) -> float:
    """How long a call that is made now has to wait, at most; 0 without a broker."""
    try:
        seconds, micros = _broker().time()
        used = [float(each or 0) for each in _broker().mget([_key(backend, kind) for kind in (SEARCH, CALL)])]
    except (redis.RedisError, OSError):
        return 0.0
    return max(0.0, max(used) - seconds - micros / 1_000_000 - BURST_SECONDS)


def _key(backend: str, kind: str) -> str:
    return f"tracker:{backend}:{kind}"


@cache
def _broker() -> redis.Redis:
    url = settings.REDIS_URL or paths.redis_client_url(settings.VAR_DIR)
    return redis.Redis.from_url(url, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS)


@cache
def _script() -> redis.commands.core.Script:
    return _broker().register_script(TAKE)
