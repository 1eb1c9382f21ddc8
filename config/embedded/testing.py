"""A PostgreSQL of its own for a test session: several sessions at once in one checkout never meet.

pytest-django reads the settings, and with them VAR_DIR, before any conftest.py is imported: start it from a
plugin that is named by `-p`.
"""

from __future__ import annotations

import atexit
import os
from pathlib import Path

from config.embedded import postgres
from config.embedded.locks import FileLock
from config.embedded.paths import PROJECT

MARK = "DISPATCH_TEST_SESSION"
MOST_SESSIONS = 32


def start_database() -> Path | None:
    """Point VAR_DIR to a folder for tests and start PostgreSQL there; call it before Django's settings load.

    Returns that folder, or None when DB_HOST names a database already. The folder is used again by the next
    session, so only the first one pays for its creation. Workers of pytest-xdist share their session's.
    """
    if os.environ.get("DB_HOST", "").strip():
        return None
    if MARK not in os.environ:
        os.environ["VAR_DIR"] = os.environ[MARK] = str(_free_folder(PROJECT / "var" / "tests"))
    var = Path(os.environ[MARK])
    postgres.start(var, fast=True)
    atexit.register(postgres.stop, var)
    return var


def _free_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_SESSIONS + 1):
        lock = FileLock(parent / f"{number}.lock")
        if lock.hold_alone():
            atexit.register(lock.release)
            return parent / str(number)
    raise SystemExit(f"{MOST_SESSIONS} test sessions run at once; wait for one of them.")
