"""How the mirror is, in a sentence for people and in a word for /readyz."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone, translation

from config import health as probes
from tests.factories import NOW, make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import health, mirrors
from tracker_bridge.models import Mirror
from tracker_bridge.protocol import AuthNeeded, Misconfigured, TrackerError, Transient

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def of(bridge: Bridge, now: datetime) -> health.Standing:
    return health.of(bridge.mirror, now)


def test_a_mirror_that_reads_runs_and_one_that_has_not_yet_begins(bridge: Bridge) -> None:
    assert of(bridge, NOW).kind == "beginning"
    Mirror.objects.update(read_at=NOW)
    assert of(bridge, NOW + 2 * MINUTE).kind == "running"
    assert of(bridge, NOW).is_well


def test_a_mirror_for_which_nobody_works_says_since_when_and_what_must_run(bridge: Bridge) -> None:
    Mirror.objects.update(read_at=NOW)
    said = of(bridge, NOW + 4 * MINUTE)
    assert (said.kind, said.is_well) == ("silent", False)
    assert f"{timezone.localtime(NOW):%H:%M}" in said.what
    assert "dispatch_worker" in said.todo


def test_one_that_was_just_switched_on_is_not_called_silent(bridge: Bridge) -> None:
    Mirror.objects.update(read_at=NOW)
    mirrors.switch(bridge.mirror, on=False, by=None, now=NOW + MINUTE)
    mirrors.switch(bridge.mirror, on=True, by=None, now=NOW + 60 * MINUTE)
    assert of(bridge, NOW + 61 * MINUTE).is_well


@pytest.mark.parametrize(
    ("error", "kind", "helps"),
    [
        (AuthNeeded("401 expired"), "auth", "Connection"),
        (Misconfigured("no queue MEM"), "misconfigured", "the check"),
        (Transient("timeout"), "away", ""),
    ],
)
def test_what_keeps_it_is_said_with_the_trackers_words_and_what_helps(
    bridge: Bridge, error: TrackerError, kind: str, helps: str
) -> None:
    mirrors.stand_still(bridge.mirror, error, NOW)
    said = of(bridge, NOW + MINUTE)
    assert (said.kind, said.raw, said.is_well) == (kind, str(error), False)
    assert helps in said.todo
    assert "Nothing is lost" in said.what


def test_a_tracker_that_is_away_is_said_when_it_is_asked_again_and_grows_urgent(bridge: Bridge) -> None:
    mirrors.stand_still(bridge.mirror, Transient("429", retry_after=timedelta(minutes=5)), NOW)
    short, long = of(bridge, NOW + MINUTE), of(bridge, NOW + 16 * MINUTE)
    assert f"{timezone.localtime(NOW + 5 * MINUTE):%H:%M:%S}" in short.what
    assert "asked again" not in long.what
    assert (short.look, long.look) == ("is-risk", "is-over")
    assert long.todo


def test_who_switched_it_off_is_named_with_the_day_of_another_day(bridge: Bridge) -> None:
    boss = make_user(last_name="Крылова", first_name="Анна")
    mirrors.switch(bridge.mirror, on=False, by=boss, now=NOW)
    said = of(bridge, NOW + timedelta(days=3))
    assert boss.full_name in said.what
    assert f"{timezone.localtime(NOW):%d.%m %H:%M}" in said.what
    boss.delete()
    assert of(bridge, NOW).what.startswith("It is so since")


# --- For whoever watches the installation -----------------------------------------------------


def test_it_is_behind_when_changes_were_not_read_for_long(bridge: Bridge) -> None:
    Mirror.objects.update(read_at=NOW)
    assert not health.is_behind(NOW + 15 * MINUTE)
    assert health.is_behind(NOW + 16 * MINUTE)


@pytest.mark.parametrize("error", [AuthNeeded("401"), Misconfigured("no queue"), Transient("timeout")])
def test_it_is_behind_when_it_stands_still_for_long_whatever_the_reason(bridge: Bridge, error: TrackerError) -> None:
    mirrors.stand_still(bridge.mirror, error, NOW)
    mirrors.stand_still(bridge.mirror, error, NOW + 14 * MINUTE)
    assert not health.is_behind(NOW + 15 * MINUTE)
    assert health.is_behind(NOW + 16 * MINUTE)


def test_it_is_not_behind_when_a_person_switched_it_off_or_on_just_now(bridge: Bridge) -> None:
    Mirror.objects.update(read_at=NOW)
    mirrors.switch(bridge.mirror, on=False, by=make_user(), now=NOW)
    assert not health.is_behind(NOW + timedelta(days=9))
    mirrors.switch(bridge.mirror, on=True, by=make_user(), now=NOW + timedelta(days=9))
    assert not health.is_behind(NOW + timedelta(days=9) + MINUTE)


def test_without_a_tracker_nothing_is_behind(bridge: Bridge, settings: Any) -> None:
    settings.TRACKER = None
    assert not health.is_behind(NOW + timedelta(days=9))


@pytest.fixture
def readyz(monkeypatch: pytest.MonkeyPatch, client: Client) -> Any:
    """What is missing, as a stranger is told."""
    monkeypatch.setattr(probes, "problems", list)

    def asked() -> list[str]:
        response = client.get("/readyz")
        missing: list[str] = response.json()["missing"]
        assert response.status_code == (503 if missing else 200)
        return missing

    return asked


def test_readyz_names_a_tracker_that_is_behind_and_not_one_that_a_person_switched_off(
    bridge: Bridge, readyz: Any
) -> None:
    now = timezone.now()
    Mirror.objects.update(since=now - timedelta(days=1), read_at=now)
    assert readyz() == []
    Mirror.objects.update(read_at=now - 16 * MINUTE)
    assert readyz() == ["tracker"]
    mirrors.switch(bridge.mirror, on=False, by=make_user(), now=now - timedelta(hours=5))
    assert readyz() == []


def test_readyz_names_the_database_if_it_went_away_meanwhile(
    bridge: Bridge, readyz: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(now: datetime) -> bool:
        raise OperationalError

    monkeypatch.setattr(health, "is_behind", gone)
    assert readyz() == ["database"]
