"""A database that was away is used again as soon as it answers, and waiting for it costs no memory.

psycopg's pool, left alone, asks a database that is away ever more rarely: after an hour the next attempt may be two
minutes off. And it keeps everybody who waited in vain, with all that his exception holds, until it is connected again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, InterfaceError, OperationalError, connections

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

# Attempts to connect that went on for so long have failed.
RECONNECT_SECONDS = 5.0
# A server that vanished without a word is noticed within half a minute. Sockets of the same machine need none of it.
NOTICE_LOSS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Classes of SQLSTATE: the connection broke, or the server is being stopped or started.
_AWAY = ("08", "57P")
_one_at_a_time = threading.Lock()


def is_away(error: DatabaseError) -> bool:
    """Whether this says that no database answers, rather than that it refused what was asked."""
    if not isinstance(error, (InterfaceError, OperationalError)):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_AWAY)


def give_up(pool: ConnectionPool[Any]) -> None:
    """Called by a pool that cannot connect: one without any connection goes, and the next question opens another."""
    if pool.get_stats()["pool_size"] == 0:
        # In another thread: the pool waits for its own ones, and this is one of them.
        threading.Thread(target=_throw_away, args=[pool], name="throw away a pool", daemon=True).start()


def _throw_away(pool: ConnectionPool[Any]) -> None:
    database: Any = connections["default"]
    with _one_at_a_time:
        if database.pool is pool:
            # Whoever still waits in it hears at once that there is no database.
            database.close_pool()


OPTIONS: dict[str, Any] = {
    "name": "database",
    "timeout": 10,
    "reconnect_timeout": RECONNECT_SECONDS,
    "reconnect_failed": give_up,
}
