"""Copies of the database: one file by pg_dump, complete and readable before it gets its name.

Letters and attachments are files already (settings.LETTER_STORE) and are copied as files; see docs/operations.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from config.embedded import postgres
from config.embedded.errors import EmbeddedError

NAME = "dispatch-%Y%m%dT%H%M%SZ.dump"
PATTERN = "dispatch-*.dump"
ARRIVING = "dispatch-*.arriving"
# An unfinished file of this age was left by a run that died.
ABANDONED = timedelta(hours=12)


class BackupError(Exception):
    """No copy was made; the message says why and what to do."""


def make(*, now: datetime) -> Path:
    """Write a copy of the whole database; returns its file. Raises BackupError, and then leaves no file behind."""
    folder = Path(settings.BACKUP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    programs = _programs(_server_version())
    target = folder / now.strftime(NAME)
    arriving = target.with_suffix(f".{os.getpid()}.arriving")
    try:
        # The file is made here, so that it belongs to us and nobody else may read it.
        os.close(os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _run([programs / "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={arriving}"])
        # A file that its own reader cannot list is no copy.
        _run([programs / "pg_restore", "--list", arriving])
        _sync(arriving)
        arriving.rename(target)
        _sync(folder)
    except OSError as error:
        raise BackupError(_("Cannot write to %(folder)s: %(why)s") % {"folder": folder, "why": error}) from error
    finally:
        arriving.unlink(missing_ok=True)
    return target


def outdated(*, now: datetime) -> list[Path]:
    """Copies older than BACKUP_KEEP_DAYS and what dead runs left; the newest copy is never among them."""
    folder = Path(settings.BACKUP_DIR)
    copies = sorted(folder.glob(PATTERN))
    keep_from = now - timedelta(days=settings.BACKUP_KEEP_DAYS)
    old = [path for path in copies[:-1] if _changed_before(path, keep_from)]
    return [*old, *(path for path in sorted(folder.glob(ARRIVING)) if _changed_before(path, now - ABANDONED))]


def rotate(*, now: datetime) -> list[Path]:
    """Delete what is outdated; returns it. Call it after a good copy only, else failing nights eat the old ones."""
    old = outdated(now=now)
    for path in old:
        path.unlink(missing_ok=True)
    return old


def _changed_before(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False  # another run was quicker


def _server_version() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10000


def _programs(server: int) -> Path:
    """The folder of pg_dump and pg_restore that fit the server best: its own version, else the next newer one."""
    fitting = sorted((version, n, folder) for n, (version, folder) in enumerate(_found()) if version >= server)
    if not fitting:
        raise BackupError(
            _("The database is PostgreSQL %(version)s, and no pg_dump of that version is here. Install one: %(how)s")
            % {"version": server, "how": f"apt install postgresql-client-{server}"}
        )
    return fitting[0][2]


def _found() -> Iterator[tuple[int, Path]]:
    for folder in _folders():
        if os.access(folder / "pg_dump", os.X_OK) and os.access(folder / "pg_restore", os.X_OK):
            said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
            if number := re.search(r"\d+", said):
                yield int(number[0]), folder


def _folders() -> Iterator[Path]:
    if found := shutil.which("pg_dump"):
        yield Path(found).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    try:
        yield postgres.binaries()
    except EmbeddedError:
        return


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, env=os.environ | _place(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name}: {' '.join(done.stderr.split()) or 'no word why'}")


def _place() -> dict[str, str]:
    """Where the database is, by the variables of libpq: a password never stands in a list of processes."""
    wanted: dict[str, Any] = connections["default"].get_connection_params()
    names = {
        "PGHOST": "host", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user", "PGPASSWORD": "password",
        "PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert",
    }  # fmt: skip
    return {variable: str(wanted[name]) for variable, name in names.items() if wanted.get(name)}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
