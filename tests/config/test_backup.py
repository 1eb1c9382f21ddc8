"""`manage.py backup`: a copy that can be read back, one name, no half files, rotation by days."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config import backup, tasks
from tests.factories import NOW, make_incident

# pg_dump is another session, so the rows must be committed.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.BACKUP_DIR = tmp_path / "data" / "backups"
    return tmp_path / "data" / "backups"


@pytest.fixture
def empty_database() -> Iterator[dict[str, str]]:
    place = {**backup._place(), "PGDATABASE": "restored"}
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS restored")
        cursor.execute("CREATE DATABASE restored TEMPLATE template0")
    yield place
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE restored WITH (FORCE)")


def make_copy(folder: Path, days: int, name: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    moment = timezone.now() - timedelta(days=days)
    path = folder / (name or moment.strftime(backup.NAME))
    path.write_bytes(b"x")
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return path


def test_a_copy_can_be_read_back_with_all_its_rows(folder, empty_database):
    codes = {make_incident().code for _ in range(3)}

    file = backup.make(now=NOW)

    programs = backup._programs(backup._server_version())
    subprocess.run(
        [programs / "pg_restore", "--exit-on-error", "--no-owner", "--dbname=restored", file],
        env=os.environ | empty_database, check=True,
    )  # fmt: skip
    parts = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    own = {name: empty_database[variable] for name, variable in parts.items() if variable in empty_database}
    with psycopg.connect(**own, dbname="restored") as restored:
        assert {row[0] for row in restored.execute("SELECT code FROM incidents_incident")} == codes


def test_the_file_is_named_by_the_moment_and_only_its_owner_reads_it(folder):
    file = backup.make(now=NOW)

    assert file == folder / "dispatch-20260818T120000Z.dump"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [file]


def test_a_dump_that_fails_leaves_nothing_behind(folder, monkeypatch):
    good = backup.make(now=NOW)
    monkeypatch.setattr(backup, "_place", lambda: {"PGHOST": "/nowhere"})

    with pytest.raises(backup.BackupError, match=r"^pg_dump: "):
        backup.make(now=NOW + timedelta(days=1))

    assert list(folder.iterdir()) == [good]


def test_a_dump_that_cannot_be_listed_is_no_copy(folder, monkeypatch):
    real = backup._run

    def cut(command):
        real(command)
        for path in folder.glob("*.arriving"):
            os.truncate(path, 100)

    monkeypatch.setattr(backup, "_run", cut)

    with pytest.raises(backup.BackupError, match=r"^pg_restore: "):
        backup.make(now=NOW)

    assert list(folder.iterdir()) == []


def test_no_password_stands_in_the_list_of_processes(monkeypatch):
    wanted = {"host": "db", "dbname": "d", "user": "u", "password": "hidden", "port": 5433}
    monkeypatch.setattr(connection, "get_connection_params", lambda: wanted)
    commands = []
    monkeypatch.setattr(backup.subprocess, "run", lambda command, **_: commands.append(command) or Done())

    class Done:
        returncode = 0

    backup._run(["pg_dump"])

    assert backup._place()["PGPASSWORD"] == "hidden"
    assert "hidden" not in str(commands)


def test_the_program_of_the_servers_own_version_is_preferred(monkeypatch):
    found = [(18, Path("/wheel")), (15, Path("/old")), (16, Path("/own")), (17, Path("/newer"))]
    monkeypatch.setattr(backup, "_found", lambda: iter(found))

    assert backup._programs(16) == Path("/own")
    assert backup._programs(14) == Path("/old")
    with pytest.raises(backup.BackupError, match="postgresql-client-19"):
        backup._programs(19)


def test_old_copies_go_and_the_newest_always_stays(folder, settings):
    settings.BACKUP_KEEP_DAYS = 14
    old, older, kept = make_copy(folder, 15), make_copy(folder, 300), make_copy(folder, 13)
    stranger = make_copy(folder, 300, name="notes.txt")
    abandoned, running = make_copy(folder, 1, "dispatch-x.1.arriving"), make_copy(folder, 0, "dispatch-y.2.arriving")

    assert set(backup.rotate(now=timezone.now())) == {old, older, abandoned}
    assert set(folder.iterdir()) == {kept, stranger, running}

    assert backup.rotate(now=timezone.now() + timedelta(days=100)) == [running]
    assert kept.exists()


def test_the_command_says_what_it_wrote_and_rotates(folder, capsys):
    make_copy(folder, 300)

    call_command("backup")

    (file,) = folder.iterdir()
    assert str(file) in capsys.readouterr().out


def test_a_failed_copy_keeps_the_old_ones_and_the_command_says_why(folder, monkeypatch):
    old = make_copy(folder, 300), make_copy(folder, 200)
    monkeypatch.setattr(backup, "_place", lambda: {"PGHOST": "/nowhere"})

    with pytest.raises(CommandError, match="/nowhere"):
        call_command("backup")

    assert set(folder.iterdir()) == set(old)


def test_the_clock_runs_it_too(folder):
    assert Path(tasks.backup()).parent == folder
