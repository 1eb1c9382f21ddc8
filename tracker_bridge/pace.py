"""Not faster than the tracker allows, whichever worker calls: one bucket a class of calls, kept in the broker."""

from __future__ import annotations

import time
from functools import cache

import redis
from django.conf import settings

# Calls a second. Searches have a guaranteed rate of five; the others of more.
PER_SECOND = {"search": 4.0, "call": 8.0}
# So many may come at once after a pause.
BURST = 8
# Waiting longer than this is the caller's to decide.
PATIENCE = 20.0
# GCRA: the moment until which the bucket is used up moves on by one call; how long to wait comes back.
TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local each, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local until_then = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + each
local wait = until_then - now - each * burst
redis.call('SET', KEYS[1], string.format('%.6f', until_then), 'PX', 60000)
return string.format('%.6f', math.max(wait, 0))
"""


def take(backend: str, kind: str) -> None:
    """Wait for a call's turn."""
    seconds = float(_script()(keys=[f"tracker:{backend}:{kind}"], args=[1 / PER_SECOND[kind], BURST]))
    time.sleep(min(seconds, PATIENCE))


@cache
def _script() -> redis.commands.core.Script:
    return redis.Redis.from_url(settings.CELERY_BROKER_URL).register_script(TAKE)
