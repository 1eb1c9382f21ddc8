"""One measurement behind several numbers of incidents, each in a process and a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LETTERS_OF_AN_INCIDENT = 5


def measured(script: str, size: int, folder: Path, words: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What `script --one SIZE` prints as JSON, line by line; its other lines are passed on."""
    command = [sys.executable, script, "--one", str(size), "--keep", str(folder / str(size)), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("{"):
            yield json.loads(line)
        else:
            print(line, end="", flush=True)
    if process.wait():
        raise SystemExit(f"{size} incidents: not measured")


def set_up(folder: Path) -> Path:
    """Django on data in this folder, which is made; its path without links."""
    var = folder.resolve()
    var.mkdir(parents=True, exist_ok=True)
    os.environ |= {"VAR_DIR": str(var), "LOG_LEVEL": "WARNING"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    return var


def fill(incidents: int) -> None:
    """Migrate, and write so many incidents if there are none."""
    from django.core.management import call_command

    from incidents.models import Incident

    call_command("migrate", verbosity=0)
    if not Incident.objects.exists():
        print(f"make_bulk --incidents {incidents} --letters {incidents * LETTERS_OF_AN_INCIDENT}", flush=True)
        call_command("make_bulk", incidents=incidents, letters=incidents * LETTERS_OF_AN_INCIDENT)


@contextmanager
def closed_at_the_end() -> Iterator[None]:
    """No connection outlives the database."""
    from django.db import connection

    try:
        yield
    finally:
        connection.close()
        # Of our own engine, which the stubs do not know.
        connection.close_pool()  # type: ignore[attr-defined]
