"""/healthz and /readyz: open to everybody, 200 only when everything works, else the names of what does not."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from config import health
from config.embedded import state
from mailbox.models import Folder, Mailbox, Receipt
from sla import ticks
from sla.models import Tick

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


def make_folder(*, seen_ago: timedelta | None, name: str = "INBOX", **over: object) -> Folder:
    """A folder that was read last so long ago, or never."""
    mailbox = Mailbox.objects.get_or_create(address="secret@towers.example", defaults={"login": "secret"})[0]
    now = timezone.now()
    seen = now - seen_ago if seen_ago is not None else None
    facts = {"role": "inbox", "last_ok_at": seen, "watched_since": now - timedelta(days=1), **over}
    return Folder.objects.create(mailbox=mailbox, name=name, **facts)


def store_letter(*, ago: timedelta, **over: object) -> None:
    now = timezone.now()
    facts = {"direction": "in", "sha256": "0" * 64, "size": 1, "received_at": now, **over}
    receipt = Receipt.objects.create(**facts)
    Receipt.objects.filter(pk=receipt.pk).update(stored_at=now - ago)


def readiness(client) -> dict[str, Any]:
    response = client.get("/readyz")
    assert response.headers["Cache-Control"].startswith("max-age=0")
    assert response.status_code == (503 if response.json()["missing"] else 200)
    return response.json()


def test_a_stranger_may_ask_whether_mail_comes(client):
    folder = make_folder(seen_ago=timedelta(seconds=40))

    said = readiness(client)

    assert said["missing"] == []
    assert 40 <= said["lag_seconds"][str(folder.pk)] < 60


def test_a_folder_that_nobody_reads_is_named_by_its_number_only(client):
    folder, fresh = make_folder(seen_ago=timedelta(minutes=6)), make_folder(seen_ago=timedelta(0), name="Sent")

    said = readiness(client)

    assert said["missing"] == ["mail"]
    assert said["behind_folders"] == [folder.pk]
    assert set(said["lag_seconds"]) == {str(folder.pk), str(fresh.pk)}
    assert "secret" not in str(said)


def test_letters_that_nobody_takes_are_named(client):
    store_letter(ago=timedelta(minutes=6))

    said = readiness(client)

    assert said["missing"] == ["letters"]
    assert said["letters_wait_seconds"] >= 360


def test_deadlines_that_nobody_looks_at_are_named(client):
    now = timezone.now()
    tick = Tick.objects.create(name=ticks.WARNINGS, since=now, at=now - timedelta(seconds=50), lag=timedelta())
    assert readiness(client)["missing"] == []

    tick.at -= timedelta(minutes=1)
    tick.save()

    said = readiness(client)
    assert said["missing"] == ["warnings"]
    assert said["warnings_lag_seconds"] >= 90


def test_letters_that_came_just_now_and_letters_from_before_may_wait(client):
    store_letter(ago=timedelta(minutes=4))
    store_letter(ago=timedelta(hours=4), is_old=True)

    assert readiness(client)["missing"] == []


def test_what_is_missing_for_healthz_is_missing_here_too(client, monkeypatch):
    monkeypatch.setattr(connection, "get_connection_params", lambda: {"host": "/nowhere", "dbname": "x", "user": "x"})

    assert readiness(client) == {"status": "not ready", "missing": ["database"]}


def test_a_database_that_goes_away_while_it_is_asked_is_named(client, monkeypatch):
    def gone(now: object) -> None:
        raise OperationalError

    monkeypatch.setattr("mailbox.health.alarm", gone)

    assert readiness(client) == {"status": "not ready", "missing": ["database"]}


def test_asking_whether_mail_comes_costs_four_queries_however_many_folders(client, django_assert_num_queries):
    for number in range(20):
        make_folder(seen_ago=timedelta(minutes=10), name=f"folder {number}")

    with django_assert_num_queries(4):
        readiness(client)
