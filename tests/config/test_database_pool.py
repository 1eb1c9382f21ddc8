"""A database that was away: how soon it is used again, and who hears of it."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError, connections
from django.db.utils import load_backend
from psycopg_pool import ConnectionPool

from config import database_pool
from config.celery import Patient, app
from incidents.tasks import take_new_mail


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The default database as a server that does not answer; nothing of the test's own is touched."""
    facts = {**connections["default"].settings_dict, "HOST": str(tmp_path), "OPTIONS": {"pool": _pool()}}
    wrapper = load_backend("django.db.backends.postgresql").DatabaseWrapper(facts, "nowhere")
    monkeypatch.setattr(database_pool, "connections", {"default": wrapper})
    yield wrapper
    if wrapper.alias in wrapper._connection_pools:
        wrapper.close_pool()


def _pool() -> dict[str, Any]:
    return {"min_size": 1, "max_size": 4, **database_pool.OPTIONS, "timeout": 30, "reconnect_timeout": 0.2}


def test_a_pool_that_cannot_connect_is_thrown_away_with_all_who_wait_in_it(nowhere: Any) -> None:
    first: ConnectionPool[Any] = nowhere.pool
    began = time.monotonic()

    waited = [_asked(nowhere) for _ in range(3)]
    for thread, _said in waited:
        thread.join(20)

    # Long before the 30 seconds for which anybody would have waited.
    assert time.monotonic() - began < 15
    assert all(isinstance(said[0], psycopg.OperationalError) for _thread, said in waited)
    deadline = time.monotonic() + 10
    while nowhere._connection_pools.get(nowhere.alias) is first and time.monotonic() < deadline:
        time.sleep(0.02)
    assert first.closed
    # The next question opens another one.
    assert nowhere.pool is not first


def _asked(wrapper: Any) -> tuple[threading.Thread, list[BaseException]]:
    said: list[BaseException] = []

    def ask() -> None:
        try:
            wrapper.get_new_connection(wrapper.get_connection_params())
        except psycopg.OperationalError as error:
            said.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, said


def test_a_pool_that_has_connections_stays() -> None:
    class Busy:
        closed = False

        def get_stats(self) -> dict[str, int]:
            return {"pool_size": 2}

    before = threading.active_count()
    database_pool.give_up(Busy())  # type: ignore[arg-type]

    assert threading.active_count() == before


def _error(cause: BaseException | None, kind: type[Exception] = OperationalError) -> Any:
    error = kind("x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (_error(psycopg.OperationalError("connection refused")), True),
        (_error(psycopg.errors.AdminShutdown("terminating connection")), True),
        (_error(psycopg.errors.CannotConnectNow("the database system is starting up")), True),
        (_error(psycopg.errors.DeadlockDetected("deadlock")), False),
        (_error(psycopg.errors.DiskFull("no space left")), False),
        (_error(psycopg.errors.UniqueViolation("twice"), IntegrityError), False),
    ],
)
def test_an_absent_database_is_told_from_one_that_refuses(error: Any, is_away: bool) -> None:
    assert database_pool.is_away(error) is is_away


def test_a_task_without_a_database_does_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    @app.task(name="tests.away")
    def away() -> int:
        raise _error(psycopg.OperationalError("connection refused"))

    @app.task(name="tests.broken")
    def broken() -> int:
        raise _error(psycopg.errors.DeadlockDetected("deadlock"))

    with caplog.at_level(logging.WARNING):
        assert away() is None
    assert "tests.away: there is no database" in caplog.text
    with pytest.raises(OperationalError):
        broken()
    assert isinstance(take_new_mail, Patient)


def test_every_connection_notices_a_server_that_vanished() -> None:
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["connect_timeout"] == 5
    assert options["keepalives_idle"] + options["keepalives_count"] * options["keepalives_interval"] <= 30
