"""Whether one container works: `python -m config.probe web PORT` or `python -m config.probe mail`.

No Django here: it runs every half minute in each container.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException
from typing import Any

import psycopg

from config.env import env_int, env_list, env_str

LIMIT_SECONDS = 5
# The watcher looks at its folders every MAIL_POLL_SECONDS at least.
SILENCE_SECONDS = 300
# One mailbox with a wrong password is no fault of the watcher: the page of mailboxes and its alarm tell of that.
LAST_LOOK = """
    SELECT coalesce(bool_or(coalesce(last_ok_at > now() - make_interval(secs => %s), false)), true)
    FROM mailbox_folder JOIN mailbox_mailbox ON mailbox_mailbox.id = mailbox_id
    WHERE mailbox_folder.is_watched AND mailbox_mailbox.is_watched
"""


def web(port: int) -> bool:
    """Whether /healthz of the server on this port says 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": _allowed_host()})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def mail() -> bool:
    """Whether any watched folder was seen lately, or none is to be watched."""
    place: dict[str, Any] = {
        "host": env_str("DB_HOST"), "port": env_int("DB_PORT", 5432), "dbname": env_str("POSTGRES_DB"),
        "user": env_str("POSTGRES_USER"), "password": env_str("POSTGRES_PASSWORD"),
    }  # fmt: skip
    try:
        with psycopg.connect(**place, connect_timeout=LIMIT_SECONDS) as connection:
            row = connection.execute(LAST_LOOK, [SILENCE_SECONDS]).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def _allowed_host() -> str:
    """A name Django will answer to."""
    first = next(iter(env_list("DJANGO_ALLOWED_HOSTS")), "localhost")
    return "localhost" if first == "*" else first.removeprefix(".")


if __name__ == "__main__":
    what, *port = sys.argv[1:]
    sys.exit(0 if (web(int(port[0])) if what == "web" else mail()) else 1)
