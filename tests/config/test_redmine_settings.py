"""Which Redmine is meant, and what statuses and fields are called there."""

from __future__ import annotations

import pytest

from config.env import WrongSetting
from config.tracker import TrackerSettings, read_tracker
from tests.tracker_bridge.conftest import MEMORY
from tracker_bridge import backends, statuses
from tracker_bridge.backends.http import OneKey
from tracker_bridge.backends.redmine import RedmineBackend
from tracker_bridge.protocol import AuthNeeded

GIVEN = {
    "TRACKER_BACKEND": "redmine",
    "REDMINE_URL": "https://redmine.example/desk",
    "REDMINE_PROJECT": "incidents",
    "REDMINE_API_KEY": "secret-key",
}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def read() -> TrackerSettings:
    found = read_tracker()
    assert found is not None
    return found


def test_a_redmine_is_named_by_address_project_and_key(given: pytest.MonkeyPatch) -> None:
    given.setenv("REDMINE_POLE_FIELD", "Шифр опоры")
    tracker = read()
    assert (tracker.url, tracker.queue, tracker.access) == ("https://redmine.example/desk", "incidents", "secret-key")
    assert (tracker.fields, tracker.key_field) == ({"pole": "Шифр опоры"}, "Dispatch")
    assert "secret-key" not in repr(tracker)


@pytest.mark.parametrize("name", ["REDMINE_URL", "REDMINE_PROJECT", "REDMINE_API_KEY"])
def test_what_has_to_be_said_is_asked_for(given: pytest.MonkeyPatch, name: str) -> None:
    given.delenv(name)
    with pytest.raises(WrongSetting, match=name):
        read()


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ("inProgress=In Progress; closed=Done", {"inProgress": "In Progress", "closed": "Done"}),
        ("inProgress=In Progress closed=Done", {"inProgress": "In Progress", "closed": "Done"}),
        ("deferred=postponed waiting=onHold", {"deferred": "postponed", "waiting": "onHold"}),
        ("deferred=postponed,waiting=onHold,", {"deferred": "postponed", "waiting": "onHold"}),
        ("", {}),
    ],
)
def test_names_of_statuses_may_have_spaces(given: pytest.MonkeyPatch, words: str, pairs: dict[str, str]) -> None:
    given.setenv("TRACKER_STATUSES", words)
    assert read().statuses == pairs


def test_words_that_are_no_pairs_are_refused(given: pytest.MonkeyPatch) -> None:
    given.setenv("TRACKER_STATUSES", "deferred")
    with pytest.raises(WrongSetting, match="TRACKER_STATUSES"):
        read()


@pytest.mark.django_db
def test_statuses_have_our_russian_names_there_unless_the_settings_name_others(given: pytest.MonkeyPatch) -> None:
    given.setenv("TRACKER_STATUSES", "closed=Done")
    tracker = read()
    assert {**statuses.mapping(tracker)}.items() >= {"new": "Новый", "closed": "Done"}.items()
    assert statuses.mapping(MEMORY) == {}
    backend = backends.load(tracker)
    assert isinstance(backend, RedmineBackend)
    assert {"Новый", "Done"} < backend.expected
    assert "Закрыт" not in backend.expected


def test_a_key_is_in_no_report_of_an_error() -> None:
    assert "secret-key" not in repr(OneKey("secret-key"))
    with pytest.raises(AuthNeeded) as raised:
        OneKey("secret-key").renewed("secret-key")
    assert "secret-key" not in str(raised.value)
