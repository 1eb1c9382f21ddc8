"""The embedded PostgreSQL, as it is shared, killed and started again. Every test runs the real server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest

from config.embedded import keeper, paths, postgres
from config.embedded.errors import EmbeddedError
from config.embedded.processes import is_alive, wait_until

USER = """
import sys
from pathlib import Path
from config.embedded import postgres
with postgres.shared(Path(sys.argv[1]), fast=True):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def var(tmp_path_factory) -> Path:
    """A data folder that is created once; no test leaves a server in it."""
    return tmp_path_factory.mktemp("Папка с данными")


@pytest.fixture(autouse=True)
def _nothing_left(var) -> Iterator[None]:
    yield
    assert not keeper.has_keeper(var, postgres.NAME)


def connect(var: Path) -> psycopg.Connection:
    parts = paths.postgres_dsn_parts(var)
    return psycopg.connect(host=parts["HOST"], port=parts["PORT"], user=parts["USER"], dbname=parts["NAME"])


def server_pid(var: Path) -> int:
    return int(str(keeper.state_of(var, postgres.NAME)["server"]).partition(":")[0])


def keeper_pid(var: Path) -> int:
    return int(str(keeper.state_of(var, postgres.NAME)["keeper"]).partition(":")[0])


def a_user(var: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(var)],
        cwd=paths.PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_up(user: subprocess.Popen[str]) -> bool:
    assert user.stdout is not None
    return user.stdout.readline() == "up\n"


def answers(var: Path) -> bool:
    try:
        connect(var).close()
    except psycopg.OperationalError:
        return False
    return True


def test_cyrillic_is_letters_for_similarity_case_and_order(var):
    with postgres.shared(var, fast=True), connect(var) as db:
        db.execute("CREATE EXTENSION pg_trgm")
        similar = db.execute("SELECT similarity('авария', 'аварии'), lower('ЁЖ')").fetchone()
        assert similar is not None
        assert similar[0] > 0.4
        assert similar[1] == "ёж"
        db.execute("DROP EXTENSION pg_trgm")


def test_it_listens_on_no_port_and_only_its_owner_reaches_the_socket(var):
    with postgres.shared(var, fast=True), connect(var) as db:
        assert db.execute("SHOW listen_addresses").fetchone() == ("",)
        assert paths.socket_dir(var).stat().st_mode & 0o077 == 0


def test_data_stays_from_one_start_to_the_next(var):
    with postgres.shared(var, fast=True), connect(var) as db:
        db.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with postgres.shared(var, fast=True), connect(var) as db:
        assert db.execute("SELECT number FROM kept").fetchone() == (7,)


def test_the_last_user_stops_it_and_nobody_before(var):
    with postgres.shared(var, fast=True):
        with a_user(var) as other:
            assert said_up(other)
            other.communicate()
        assert postgres.is_running(var)
        assert answers(var)
    assert not postgres.is_running(var)
    assert not answers(var)


def test_users_who_come_at_once_get_one_server(var):
    users = [a_user(var) for _ in range(4)]
    assert all(map(said_up, users))
    assert answers(var)
    assert keeper.state_of(var, postgres.NAME)["restarts"] == 0
    for user in users:
        user.communicate()
        assert user.returncode == 0


def test_a_killed_user_does_not_keep_it_running(var):
    with a_user(var) as user:
        assert said_up(user)
        server = keeper.state_of(var, postgres.NAME)["server"]
        user.kill()
    assert wait_until(lambda: not is_alive(server), 10)
    assert wait_until(lambda: not keeper.has_keeper(var, postgres.NAME), 5)


def test_a_killed_server_is_started_again_while_it_is_used(var):
    with postgres.shared(var, fast=True):
        killed = server_pid(var)
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: postgres.is_running(var) and server_pid(var) != killed, 20)
        assert answers(var)
        assert keeper.state_of(var, postgres.NAME)["restarts"] == 1


def test_a_killed_keeper_takes_its_server_with_it_and_is_replaced(var):
    with postgres.shared(var, fast=True):
        server = keeper.state_of(var, postgres.NAME)["server"]
        os.kill(keeper_pid(var), signal.SIGKILL)
        assert wait_until(lambda: not keeper.has_keeper(var, postgres.NAME), 5)
        keeper.ensure(var, postgres.NAME, "fast")
        assert not is_alive(server)
        assert answers(var)


def test_a_note_of_a_dead_server_whose_number_somebody_else_has_does_not_block_the_start(var):
    with postgres.shared(var, fast=True):
        pass
    lock = paths.socket_dir(var) / ".s.PGSQL.5432.lock"
    for stale in (var / "postgres" / "postmaster.pid", lock):
        stale.write_text(f"{os.getpid()}\n{var / 'postgres'}\n1\n5432\n{paths.socket_dir(var)}\n\n")
    with postgres.shared(var, fast=True):
        assert answers(var)


def test_a_creation_that_was_cut_short_is_done_again(tmp_path):
    half_made = tmp_path / "postgres.arriving"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres").mkdir()
    with postgres.shared(tmp_path, fast=True):
        assert answers(tmp_path)
    assert not half_made.exists()


def test_data_of_another_version_is_left_alone_and_named(tmp_path):
    (tmp_path / "postgres").mkdir(mode=0o700)
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="was made by PostgreSQL 9, but only"):
        postgres.start(tmp_path)
    assert wait_until(lambda: not keeper.has_keeper(tmp_path, postgres.NAME), 5)


@pytest.mark.parametrize(
    "arguments", [[], ["help"], ["version"], ["up"], ["migrate", "--help"], ["makemessages", "-a"]]
)
def test_commands_that_need_no_database_get_none(arguments, monkeypatch):
    monkeypatch.delenv("DB_HOST", raising=False)
    assert isinstance(postgres.for_command(["manage.py", *arguments]), nullcontext)


def test_a_named_database_switches_the_embedded_one_off(monkeypatch):
    monkeypatch.setenv("DB_HOST", "dispatch_db")
    assert isinstance(postgres.for_command(["manage.py", "migrate"]), nullcontext)


def test_any_other_command_has_the_database_for_its_duration(monkeypatch, var):
    monkeypatch.delenv("DB_HOST", raising=False)
    monkeypatch.setenv("VAR_DIR", str(var))
    with postgres.for_command(["manage.py", "migrate"]):
        assert answers(var)
    assert not answers(var)


def test_a_system_postgresql_is_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "_in_wheel", list)
    try:
        folder = postgres.binaries()
    except EmbeddedError:
        pytest.skip("no PostgreSQL of the system here")
    server = postgres.Postgres(tmp_path, "fast")
    paths.make_var_dir(tmp_path)
    server.prepare()
    assert server.binaries == folder
    child = server.spawn()
    try:
        assert wait_until(server.is_ready, 20)
        with connect(tmp_path) as db:
            db.execute("CREATE EXTENSION pg_trgm")
            similar = db.execute("SELECT similarity('авария', 'аварии') > 0.4, lower('ЁЖ')").fetchone()
            assert similar == (True, "ёж")
    finally:
        child.send_signal(server.stop_signal)
        child.wait(20)


def test_without_any_postgresql_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(postgres, "_in_wheel", list)
    monkeypatch.setattr(postgres, "_in_system", list)
    with pytest.raises(EmbeddedError, match=r"make setup.*apt install postgresql.*DB_HOST"):
        postgres.binaries()
