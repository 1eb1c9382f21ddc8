"""What the hourly look does about the token: renews it in time, learns whose it is, and stops nothing that works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.tracker import TrackerSettings
from demo.tracker import Tracker
from tests.tracker_bridge.conftest import MEMORY
from tracker_bridge import backends, credentials, mirrors, tasks
from tracker_bridge.models import Credentials, Mirror
from tracker_bridge.oauth import Pair

pytestmark = pytest.mark.django_db

YEAR = timedelta(days=365)


@pytest.fixture
def server() -> Iterator[Tracker]:
    with Tracker(env={}) as running:
        yield running


@pytest.fixture
def tracker(server: Tracker, settings: Any) -> Iterator[TrackerSettings]:
    oauth = {"oauth_url": f"{server.url}/oauth", "client_id": "demo-client", "client_secret": "demo-secret"}
    queue = {"queue": server.store.queue, "organisation": "1234567", "url": server.url, "pages": server.url}
    settings.TRACKER = replace(MEMORY, backend="yandex", fields={}, **oauth, **queue)
    backends._made.cache_clear()
    yield settings.TRACKER
    backends._made.cache_clear()


def give(tracker: TrackerSettings, at: datetime, access: str = "demo-token") -> None:
    credentials.save(tracker, Pair(access, "demo-refresh", YEAR), now=at)


def in_force(tracker: TrackerSettings) -> str:
    kept = credentials.stored(tracker, timezone.now())
    assert kept
    return credentials.opened(kept).access


def state() -> str:
    return Mirror.objects.get().state


def test_the_hourly_look_learns_whose_the_token_of_the_settings_is(tracker: TrackerSettings, server: Tracker) -> None:
    give(tracker, timezone.now())
    tasks.check()
    assert Credentials.objects.get().owner.endswith(f"({server.store.robot.login})")


def test_the_hourly_look_renews_at_half_of_the_life_and_the_mirror_runs_on(
    tracker: TrackerSettings, server: Tracker
) -> None:
    give(tracker, timezone.now() - YEAR / 2)
    tasks.check()
    assert in_force(tracker) == server.tokens.pairs[0].access != "demo-token"
    assert (server.tokens.granted, state()) == (1, Mirror.State.RUNNING)


@pytest.mark.parametrize("failure", ["refused", "away"])
def test_a_renewal_that_fails_does_not_stop_what_works(tracker: TrackerSettings, server: Tracker, failure: str) -> None:
    give(tracker, timezone.now() - YEAR / 2)
    if failure == "refused":
        server.tokens.client_secret = "changed"
    else:
        server.fail(status=503, path="/oauth/token")
    tasks.check()
    kept = Credentials.objects.get()
    assert kept.said
    assert kept.is_refused == (failure == "refused")
    assert (in_force(tracker), state()) == ("demo-token", Mirror.State.RUNNING)


def test_a_token_that_is_no_good_makes_the_mirror_wait_for_one(tracker: TrackerSettings, server: Tracker) -> None:
    give(tracker, timezone.now(), access="nobodys")
    server.tokens.revoke()
    tasks.check()
    assert state() == Mirror.State.AUTH
    mirror = mirrors.row(timezone.now())
    assert mirror
    assert mirror.said
    assert "nobodys" not in mirror.said + str(mirror.problems)
