"""/healthz: open to everybody, 200 only when everything works, else the names of what does not."""

from __future__ import annotations

import os

import pytest
from django.db import connection

from config import health
from config.embedded import state

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _everything_works(settings, monkeypatch, tmp_path) -> None:
    settings.VAR_DIR, settings.PRODUCTION = tmp_path, True
    (tmp_path / "run").mkdir()
    monkeypatch.delenv(state.LAUNCHER, raising=False)
    monkeypatch.setattr(health, "_broker", list)


def missing(client) -> tuple[int, list[str]]:
    response = client.get("/healthz")
    assert response.headers["Cache-Control"].startswith("max-age=0")
    return response.status_code, response.json()["missing"]


def test_a_stranger_may_ask_and_learns_that_all_is_well(client):
    assert missing(client) == (200, [])


def test_nothing_can_be_sent(client):
    assert client.post("/healthz").status_code == 405


@pytest.mark.parametrize("launched", [True, False])
def test_an_embedded_run_is_ready_when_its_launcher_says_so(client, settings, monkeypatch, launched):
    if launched:  # with a database of somebody's own, but started by `manage.py up`
        monkeypatch.setenv(state.LAUNCHER, f"{os.getpid()}")
    else:
        settings.PRODUCTION = False
    assert missing(client) == (503, ["start"])

    state.mark_ready(settings.VAR_DIR)

    assert missing(client) == (200, [])


def test_a_database_that_does_not_answer_is_named(client, monkeypatch):
    monkeypatch.setattr(connection, "get_connection_params", lambda: {"host": "/nowhere", "dbname": "x", "user": "x"})

    assert missing(client) == (503, ["database"])


def test_a_database_without_our_tables_is_named(client, monkeypatch):
    real = connection.get_connection_params()
    monkeypatch.setattr(connection, "get_connection_params", lambda: {**real, "dbname": "postgres"})

    assert missing(client) == (503, ["migrations"])


def test_a_broker_that_does_not_answer_is_named(client, settings, monkeypatch):
    monkeypatch.undo()
    settings.REDIS_URL, settings.PRODUCTION = "redis://127.0.0.1:1/0", True

    assert missing(client)[1] == ["broker"]
