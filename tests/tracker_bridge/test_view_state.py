"""The page that says how the mirror is: what it shows, and what its buttons do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.models import Comment
from tests.factories import NOW, make_incident, make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.listed import make_conflict, make_job, make_link, page, queries, reader
from tracker_bridge import credentials, mirrors
from tracker_bridge.models import Credentials, Import, IncomingFile, Mirror
from tracker_bridge.oauth import Pair
from tracker_bridge.protocol import AuthNeeded, Problem, Transient

pytestmark = pytest.mark.django_db

STATE = "/tracker/"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _mirror_that_runs(bridge: Bridge) -> None:
    Mirror.objects.update(since=timezone.now(), read_at=timezone.now())


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that a page asked for."""
    names: list[str] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **given: names.append(name.split(".")[-1]))
    return names


@pytest.fixture
def boss() -> User:
    return make_user(Role.ADMINISTRATOR)


@pytest.fixture
def desk(boss: User) -> Client:
    return reader(boss)


def press(desk: Client, button: str, **said: str) -> list[str]:
    response = desk.post(f"{STATE}{button}/", said)
    assert (response.status_code, response.headers["Location"]) == (302, STATE)
    return [str(message) for message in get_messages(response.wsgi_request)]


def tile(text: str, title: str) -> tuple[str, str]:
    """Its number and the words below, without markup."""
    found = re.search(rf'<h3>{title}</h3><span class="v num">(.*?)</span><span class="d[^>]*>(.*?)</(?:a|div)>', text)
    assert found
    return found[1], re.sub(r"<[^>]+>", "", found[2])


# --- What it shows ----------------------------------------------------------------------------


def test_numbers_say_what_waits_what_was_not_done_and_what_was_told(desk: Client) -> None:
    make_job("waiting", minutes=7)
    make_job("waiting", minutes=1)
    for _ in range(3):
        make_job("dead")
    make_job("done")
    make_job("done", kind="note", minutes=59)
    make_job("done", minutes=61)
    make_job("dead", backend="yandex")
    text = page(desk, STATE)
    assert tile(text, "Waits")[0] == "2"
    assert "7" in tile(text, "Waits")[1]
    assert tile(text, "Not done")[0] == "3"
    assert tile(text, "Told within an hour")[0] == "2"


def test_it_says_how_far_calls_are_behind_their_limit_and_how_many_files_come(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker_bridge.pace.seconds_behind", lambda backend: 7.9)
    assert "behind" not in page(desk, STATE)
    make_job("waiting")
    note = Comment.objects.create(incident=(link := make_link()).incident, text="Акт")
    for state in ("waiting", "waiting", "here"):
        IncomingFile.objects.create(
            link=link, remote_id=f"{state}{IncomingFile.objects.count()}", comment=note, state=state, not_before=NOW
        )
    text = page(desk, STATE)
    assert "calls keep to their limit, 7 s behind" in tile(text, "Waits")[1]
    assert '<dt>files on their way here</dt><dd class="num">2</dd>' in text


def test_an_htmx_request_is_answered_with_what_changes_alone(desk: Client) -> None:
    press(desk, "switch", on="0")
    answer = desk.get(STATE, headers={"hx-request": "true"}).content.decode()
    assert answer.strip().startswith('<div class="tr-page" id="tracker-state"')
    assert "<html" not in answer
    assert "The mirror is switched off. Jobs wait." in answer
    assert "The mirror is switched off. Jobs wait." not in page(desk, STATE)


def test_managers_see_it_all_and_have_nothing_to_press(bridge: Bridge) -> None:
    mirrors.stand_still(bridge.mirror, Transient("503 busy"), timezone.now())
    text = page(reader(make_user(Role.MANAGER)), STATE)
    assert "503 busy" in text
    main = text[text.index("<main") : text.index("</main")]
    assert "<form" not in main


def test_issues_are_counted_by_how_they_are_with_the_conflicts_of_a_day(desk: Client) -> None:
    links = [make_link(), make_link(state="missing"), make_link(state="frozen")]
    make_conflict(links[0], minutes=60)
    make_conflict(links[0], minutes=60 * 25)
    text = page(desk, STATE)
    rows = dict(re.findall(r"<dt>([^<]+)</dt><dd class=\"num\">(?:<a[^>]+>)?(\d+)", text))
    assert rows["mirrored"] == rows["the issue is gone"] == rows["the issue takes no more changes"] == "1"
    assert rows["conflicts within a day"] == "1"
    assert "moved to another queue" not in rows


def test_what_the_check_found_is_told_apart_by_whether_anything_works_without_it(bridge: Bridge, desk: Client) -> None:
    assert "Nobody has looked yet" in page(desk, STATE)
    mirrors.note_problems(bridge.mirror, [], timezone.now())
    assert "Queue, fields, statuses and people are over there" in page(desk, STATE)
    found = [Problem("queue", "Нет очереди <MEM>", is_fatal=True), Problem("people", "Не найдены: Анна")]
    mirrors.note_problems(bridge.mirror, found, timezone.now())
    text = page(desk, STATE)
    assert "Nothing works without it.</b> Нет очереди &lt;MEM&gt;" in text
    assert text.count("Nothing works without it.") == 1
    assert "Не найдены: Анна" in text


def test_nearly_full_issues_are_named_those_of_open_incidents_first(desk: Client) -> None:
    closed = make_link(make_incident(closed_at=timezone.now()), writes=10_090)
    still_open = make_link(comment_count=905)
    make_link(writes=9_000, comment_count=890)
    make_link(writes=10_099, is_left_behind=True)
    text = page(desk, STATE)
    shown = re.findall(r">(MADE-\d+)<", text[text.index("tr-budget") :])
    assert shown == [still_open.key, closed.key]


def test_the_end_of_a_token_is_warned_of_and_an_administrator_led_to_the_connection(
    settings: Any, desk: Client
) -> None:
    settings.TRACKER = replace(settings.TRACKER, backend="yandex")
    credentials.save(settings.TRACKER, Pair("a", "r", 365 * DAY), now=timezone.now())
    assert "ends on" not in page(desk, STATE)
    Credentials.objects.update(expires_at=timezone.now() + 5 * DAY, said="invalid_grant")
    text = page(desk, STATE)
    assert "token ends on" in text
    assert "invalid_grant" in text
    assert 'href="/tracker/connect/"' in text[text.index("<main") :].split("lg-tabs")[1].split("</nav>")[1]


def test_a_mirror_without_a_token_offers_to_give_one(bridge: Bridge, desk: Client) -> None:
    mirrors.stand_still(bridge.mirror, AuthNeeded("401"), timezone.now())
    assert "Give a token" in page(desk, STATE)


def test_the_page_costs_the_same_for_five_rows_and_for_fifty(desk: Client) -> None:
    costs = []
    for number in (5, 45):
        for _ in range(number):
            link = make_link(writes=9_500)
            make_conflict(link)
            for state in ("waiting", "done", "dead"):
                make_job(state, link.incident)
        costs.append(queries(desk, STATE))
    assert costs[0] == costs[1] <= 20


# --- The import of a queue --------------------------------------------------------------------


def make_import(**over: Any) -> Import:
    now = timezone.now()
    facts = {"backend": "memory", "began_at": now - 5 * MINUTE, "moved_at": now, "total": 1200, "read": 300}
    return Import.objects.create(**{**facts, "linked": 41, "seconds": 300, **over})


def test_an_import_says_how_far_it_is_and_how_long_it_will_take(desk: Client) -> None:
    assert "import" not in page(desk, STATE).split("<main")[1].lower()
    make_import()
    text = page(desk, STATE)
    assert "The queue is being imported" in text
    assert "25 %" in text
    assert re.search(r"15.m left", text)
    assert re.search(r"joined with incidents <b class=\"num\">41", text)


def test_an_import_that_does_not_move_is_called_cut_off_and_how_to_go_on_is_said(desk: Client) -> None:
    make_import(moved_at=timezone.now() - 3 * MINUTE, said="Transient: timeout")
    text = page(desk, STATE)
    assert "The import was cut off" in text
    assert "manage.py sync_tracker --import" in text
    assert "Transient: timeout" in text
    assert " left<" not in text


def test_an_import_that_has_ended_is_shown_for_a_week(desk: Client) -> None:
    row = make_import(ended_at=timezone.now() - 6 * DAY, failed=2)
    text = page(desk, STATE)
    assert "The queue is imported" in text
    assert "could not be taken in" in text
    Import.objects.filter(pk=row.pk).update(ended_at=timezone.now() - 8 * DAY)
    assert "The queue is imported" not in page(desk, STATE)


# --- Its buttons ------------------------------------------------------------------------------


def test_it_is_switched_off_by_a_person_and_on_again_and_then_told_at_once(
    bridge: Bridge, desk: Client, boss: User, sent: list[str]
) -> None:
    assert press(desk, "switch", on="0") == ["The mirror is switched off. Jobs wait."]
    assert (bridge.mirror.state, bridge.mirror.stopped_by, sent) == ("off", boss, [])
    text = page(desk, STATE)
    assert boss.full_name in text
    assert 'id="switch-on"' in text
    assert 'id="switch-off"' not in text
    assert press(desk, "switch", on="1") == ["The mirror goes on: what waited is told now."]
    assert (bridge.mirror.state, bridge.mirror.stopped_by, sent) == ("running", None, ["push", "pull"])


def test_what_somebody_else_has_switched_already_is_not_said_again(bridge: Bridge, desk: Client) -> None:
    other = make_user()
    mirrors.switch(bridge.mirror, on=False, by=other, now=timezone.now())
    assert press(desk, "switch", on="0") == []
    assert bridge.mirror.stopped_by == other


def test_a_check_is_asked_for_and_said_to_be_on_its_way_until_it_has_come(
    bridge: Bridge, desk: Client, sent: list[str]
) -> None:
    press(desk, "check")
    assert sent == ["check"]
    assert "Checking…" in page(desk, STATE)
    assert "Checking…" not in page(reader(make_user(Role.ADMINISTRATOR)), STATE)
    mirrors.note_problems(bridge.mirror, [], timezone.now())
    assert "Checking…" not in page(desk, STATE)


def test_a_check_that_never_comes_is_not_waited_for_without_end(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    press(desk, "check")
    monkeypatch.setattr("tracker_bridge.views.state.CHECKING", timedelta())
    assert "Checking…" not in page(desk, STATE)


def test_a_tracker_that_wants_a_pause_is_asked_at_once(bridge: Bridge, desk: Client, sent: list[str]) -> None:
    assert 'id="ask-now"' not in page(desk, STATE)
    mirrors.stand_still(bridge.mirror, Transient("429", retry_after=timedelta(hours=1)), timezone.now())
    assert 'id="ask-now"' in page(desk, STATE)
    press(desk, "ask")
    assert (bridge.mirror.paused_until, sent) == (None, ["push", "pull"])


def test_a_broker_that_is_away_is_said_and_nothing_breaks(
    bridge: Bridge, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str, **given: Any) -> None:
        raise OperationalError("refused")

    monkeypatch.setattr("celery.current_app.send_task", away)
    for button in ("check", "ask"):
        assert press(desk, button)[-1].startswith("The broker does not answer")
    assert "Checking…" not in page(desk, STATE)
    mirrors.switch(bridge.mirror, on=False, by=None, now=timezone.now())
    said = press(desk, "switch", on="1")
    assert any(words.startswith("The broker does not answer") for words in said)
    assert bridge.mirror.state == "running"


def test_what_a_browser_remembers_wrongly_is_no_check(desk: Client) -> None:
    session = desk.session
    session["tracker_check"] = "yesterday"
    session.save()
    assert "Checking…" not in page(desk, STATE)


def test_how_long_is_said_in_seconds_while_it_is_short(desk: Client) -> None:
    Mirror.objects.update(read_at=timezone.now() - timedelta(seconds=14))
    assert re.fullmatch(r"1[4-9].s", tile(page(desk, STATE), "Changes over there")[0])
    Mirror.objects.update(read_at=None)
    assert tile(page(desk, STATE), "Changes over there") == ("—", "not read yet")
