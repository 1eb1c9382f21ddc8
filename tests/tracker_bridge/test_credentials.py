"""Pairs of tokens: sealed, renewed by one at a time, written before they are used, asked for when all is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError
from django.views.debug import ExceptionReporter

from config.tracker import TrackerSettings
from demo.tracker import Tracker
from tests.factories import NOW
from tests.tracker_bridge.conftest import MEMORY
from tracker_bridge import credentials, oauth
from tracker_bridge.backends.yandex import YandexConfig
from tracker_bridge.backends.yandex.http import Calls
from tracker_bridge.credentials import Stored
from tracker_bridge.models import Credentials
from tracker_bridge.oauth import Asked, Pair
from tracker_bridge.protocol import AuthNeeded, Transient

pytestmark = pytest.mark.django_db


def renew(tracker: TrackerSettings) -> bool:
    kept = credentials.stored(tracker, NOW)
    assert kept is not None
    return credentials.renew(tracker, credentials.opened(kept).access, NOW)


@pytest.fixture
def server() -> Iterator[Tracker]:
    with Tracker(env={}) as running:
        yield running


@pytest.fixture
def tracker(server: Tracker) -> TrackerSettings:
    return replace(
        MEMORY,
        backend="yandex",
        oauth_url=f"{server.url}/oauth",
        client_id="demo-client",
        client_secret="demo-secret",
        access="demo-token",
        refresh="demo-refresh",
    )


def test_the_pair_of_the_settings_is_the_seed_and_is_kept_sealed(tracker: TrackerSettings) -> None:
    assert Stored(tracker, lambda: NOW).current() == "demo-token"
    kept = Credentials.objects.get()
    assert "demo" not in kept.access + kept.refresh


def test_a_refused_token_is_renewed_and_the_new_pair_is_written_first(
    tracker: TrackerSettings, server: Tracker
) -> None:
    keys = Stored(tracker, lambda: NOW)
    server.tokens.expire()
    fresh = keys.renewed(keys.current())
    assert fresh == server.tokens.pairs[0].access
    # Another process reads it, and does not renew again.
    assert Stored(tracker, lambda: NOW).renewed("demo-token") == fresh
    assert Stored(tracker, lambda: NOW).current() == fresh


def test_a_new_pair_in_the_settings_takes_the_place_of_the_old_one(tracker: TrackerSettings) -> None:
    Stored(tracker, lambda: NOW).current()
    assert Stored(replace(tracker, access="pasted", refresh="r"), lambda: NOW).current() == "pasted"


def test_a_renewed_pair_outlives_the_seed(tracker: TrackerSettings, server: Tracker) -> None:
    renew(tracker)
    assert Stored(tracker, lambda: NOW).current() == server.tokens.pairs[0].access


def test_a_revoked_pair_asks_for_a_person_and_keeps_the_words(tracker: TrackerSettings, server: Tracker) -> None:
    Stored(tracker, lambda: NOW).current()
    server.tokens.revoke()
    with pytest.raises(AuthNeeded):
        renew(tracker)
    kept = Credentials.objects.get()
    assert "invalid_grant" in kept.said
    assert "demo-refresh" not in kept.said
    assert kept.is_refused


def test_a_server_that_fails_costs_no_pair(tracker: TrackerSettings, server: Tracker) -> None:
    server.fail(status=503, path="/oauth/token")
    with pytest.raises(Transient):
        renew(tracker)
    assert renew(tracker)


def test_a_pair_is_renewed_at_half_of_its_life_and_failures_are_tried_hourly(
    tracker: TrackerSettings, server: Tracker
) -> None:
    renew(tracker)
    assert not credentials.renew_in_time(tracker, NOW + timedelta(days=180))
    server.fail(status=503, path="/oauth/token")
    half = NOW + timedelta(days=183)
    with pytest.raises(Transient):
        credentials.renew_in_time(tracker, half)
    assert not credentials.renew_in_time(tracker, half + timedelta(minutes=30))
    assert credentials.renew_in_time(tracker, half + timedelta(hours=2))


def test_a_pair_whose_renewal_was_refused_is_used_as_long_as_it_lasts(
    tracker: TrackerSettings, server: Tracker
) -> None:
    renew(tracker)
    fresh, server.tokens.client_secret = server.tokens.pairs[0].access, "changed"
    with pytest.raises(AuthNeeded):
        credentials.renew_in_time(tracker, NOW + timedelta(days=183))
    assert Stored(tracker, lambda: NOW).current() == fresh


def test_a_pair_that_a_person_gave_while_the_old_one_was_renewed_stays(
    tracker: TrackerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials.stored(tracker, NOW)

    def renewed_slowly(*given: object) -> Pair:
        credentials.save(tracker, Pair("typed", "r"), now=NOW)
        return Pair("renewed", "s")

    monkeypatch.setattr(oauth, "by_refresh", renewed_slowly)
    assert not renew(tracker)
    assert Stored(tracker, lambda: NOW).current() == "typed"


def test_a_forgotten_pair_stays_forgotten_though_the_settings_still_name_it(tracker: TrackerSettings) -> None:
    Stored(tracker, lambda: NOW).current()
    credentials.forget(tracker, now=NOW, by=None)
    kept = Credentials.objects.get()
    assert (kept.access, kept.refresh) == ("", "")
    with pytest.raises(AuthNeeded):
        Stored(tracker, lambda: NOW).current()
    # Another pair there is another word.
    assert Stored(replace(tracker, access="another"), lambda: NOW).current() == "another"


class Broken:
    """Keys whose database goes away just when the token is refused."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str:
        del refused
        raise OperationalError("the connection is closed")


def test_nothing_of_a_pair_stands_in_what_is_printed_or_reported(tracker: TrackerSettings, server: Tracker) -> None:
    # Reports show lines of source too, so that it must not stand there.
    hidden = "-".join(("very", "hidden"))
    given, asked = Pair(hidden, f"{hidden} 2"), Asked("https://desk.example", hidden, hidden)
    settled = replace(tracker, access=hidden, refresh=hidden, client_secret=hidden)
    server.fail(kind="html", status=200, path="/oauth/token", times=2)
    credentials.stored(settled, NOW)
    reports = [repr(settled), repr(given), repr(asked)]
    for deed in (
        partial(credentials.renew, settled, hidden, NOW),
        partial(oauth.by_code, settled, hidden, asked),
        partial(credentials.save, settled, given, now="no moment"),
        partial(Calls(YandexConfig("Q", "1", url=server.url), Broken(hidden)).read, "v2/myself"),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is reported
            deed()
        # Without the frame of this test.
        reporter = ExceptionReporter(None, caught.type, caught.value, caught.tb.tb_next, is_email=True)
        reports += [reporter.get_traceback_text(), reporter.get_traceback_html()]
    assert len(reports) == 11
    assert not [each for each in reports if hidden in each]


def test_a_pair_that_ends_soon_is_said_to(tracker: TrackerSettings) -> None:
    renew(tracker)
    assert credentials.ends_soon(tracker, NOW + timedelta(days=300)) is None
    assert credentials.ends_soon(tracker, NOW + timedelta(days=340)) is not None


def test_without_any_token_a_person_is_needed(tracker: TrackerSettings) -> None:
    with pytest.raises(AuthNeeded):
        Stored(replace(tracker, access="", refresh="")).current()


def test_tokens_sealed_under_another_key_are_asked_for_anew(tracker: TrackerSettings, settings: object) -> None:
    Stored(tracker, lambda: NOW).current()
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    with pytest.raises(AuthNeeded):
        Stored(tracker, lambda: NOW).current()
