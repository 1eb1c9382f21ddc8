"""What every test may use. Builders of rows are plain functions in tests/factories.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _plain_settings(settings, tmp_path: Path) -> None:
    """Fast passwords, a letter store of the test's own, and no letters or addresses from anybody's .env."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LETTER_STORE = tmp_path / "letters"
    settings.DESK_ADDRESSES = ["desk@towers.example"]
    settings.EMAIL_HOST = ""


@pytest.fixture(autouse=True)
def _no_registry_of_another_test() -> None:
    from towers import lookup

    lookup.forget()


@pytest.fixture(autouse=True)
def _no_accounts_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor of a moment ago: the first page of a test costs as many queries as the next."""
    from mailbox import accounts

    accounts.forget()
    monkeypatch.setattr(accounts, "KNOWN_SECONDS", 0)


@pytest.fixture(scope="session", autouse=True)
def _defaults_for_every_thread(django_db_setup) -> None:
    """Once a browser runs, Django gives this thread another connection object, which knows no default data."""
    from django.db import connections

    first = connections["default"]
    if hasattr(first, "_test_serialized_contents"):
        type(first)._test_serialized_contents = first._test_serialized_contents


@pytest.fixture(autouse=True)
def _our_letters_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every letter of ours that a test makes is looked at, whatever the test is about."""
    from mailbox import letter_bytes
    from tests import our_letters

    write = letter_bytes.letter

    def write_and_look(*args: Any) -> bytes:
        raw = write(*args)
        our_letters.assert_is_right(raw)
        return raw

    monkeypatch.setattr(letter_bytes, "letter", write_and_look)


@pytest.fixture(scope="session", autouse=True)
def _russian() -> Iterator[None]:
    from django.utils import translation

    with translation.override("ru"):
        yield


# Their steps race with real processes, servers and a browser: a machine that stands still for seconds breaks them.
REAL_TIME = (
    "tests/browser/",
    "tests/bench/",
    "tests/demo/",
    "tests/mailbox/",
    "tests/config/test_embedded",
    "tests/config/test_up",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the gate such a test gets a second chance, and the summary says so; elsewhere it fails at once."""
    if "CI" not in os.environ:
        return
    for item in items:
        if str(item.path.relative_to(config.rootpath)).startswith(REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=1))
