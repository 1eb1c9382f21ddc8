"""What people see when a page fails."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from dispatchers.roles import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(role=Role.DISPATCHER))
    return client


def fail_with(monkeypatch: pytest.MonkeyPatch, cause: Exception) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("x") from cause

    monkeypatch.setattr("incidents.views.desk.DeskFilter.read", broken)


def test_without_a_database_a_page_says_that_letters_are_safe_and_tries_again(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, psycopg.OperationalError("connection refused"))

    said = desk.get("/")

    assert (said.status_code, said["Retry-After"]) == (503, "15")
    assert '<meta http-equiv="refresh" content="15">' in said.content.decode()
    assert "connection refused" not in said.content.decode()


def test_our_own_mistakes_stay_mistakes(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, psycopg.errors.DeadlockDetected("deadlock"))

    said = desk.get("/")

    assert said.status_code == 500
    assert "500" in said.content.decode()
