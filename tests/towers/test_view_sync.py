from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from demo.towerstore import TowerStore
from dispatchers.roles import Role
from tests.factories import make_user
from towers import sync
from towers.models import SyncRun

pytestmark = pytest.mark.django_db
URL, START = reverse("towers:sync"), reverse("towers:start_sync")
NOW = datetime(2026, 8, 18, 3, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def observer(client: Client) -> Client:
    client.force_login(make_user(Role.OBSERVER))
    return client


@pytest.fixture
def administrator() -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMINISTRATOR))
    return client


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were sent."""
    sent: list[str] = []
    monkeypatch.setattr("towers.views.current_app.send_task", lambda name, **_: sent.append(name))
    return sent


def page(client: Client, **query: str) -> str:
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client: Client, answer: Any) -> str:
    return client.get(answer["Location"]).content.decode()


def test_the_page_shows_what_was_taken_skipped_and_refused(observer: Client, store: TowerStore) -> None:
    store.fail("contractors", "html")
    sync.sync(NOW)

    html = page(observer)

    assert "rg-refused" in html
    assert "Имя БС/Оборудование" in html  # the reason why nameless stations were skipped
    assert ">60</td>" in html
    assert "hx-trigger" in html


def test_every_state_of_a_run_can_be_shown(observer: Client) -> None:
    for state in SyncRun.State:
        SyncRun.objects.create(started_at=NOW, state=state)
    SyncRun.objects.create(started_at=NOW, feeds={"poles": {"stage": "storing", "rows": 5}})
    SyncRun.objects.create(started_at=NOW, feeds={"poles": {"refused": {"code": "of a later version"}}})

    assert "f a later version" in page(observer)


def test_before_the_first_run_the_page_says_so(observer: Client, settings: Any) -> None:
    settings.TOWERSTORE = dict.fromkeys(sync.FEEDS, "")

    html = page(observer)

    assert "dk-empty" in html
    assert "TS_POLES_TL_URL" in html


def test_a_page_that_polls_gets_an_answer_only_when_there_is_news(observer: Client) -> None:
    run = SyncRun.objects.create(started_at=NOW, feeds={"poles": {"stage": "reading"}})
    first = observer.get(URL, headers=HTMX)
    seen = first.content.decode().partition("seen=")[2].partition('"')[0]

    assert first.content.lstrip().startswith(b"<section")
    assert observer.get(URL, {"seen": seen}, headers=HTMX).status_code == 204

    run.feeds = {"poles": {"stage": "storing"}}
    run.save()
    assert observer.get(URL, {"seen": seen}, headers=HTMX).status_code == 200


def test_the_page_asks_often_while_a_run_goes_on(observer: Client) -> None:
    run = SyncRun.objects.create(started_at=NOW)
    assert "every 1s" in page(observer)

    run.state, run.finished_at = SyncRun.State.DONE, NOW + timedelta(seconds=8)
    run.save()
    assert "every 1s" not in page(observer)


def test_twenty_runs_cost_as_many_queries_as_one(observer: Client, django_assert_max_num_queries) -> None:
    for _ in range(25):
        SyncRun.objects.create(started_at=NOW, state="done", finished_at=NOW)

    with django_assert_max_num_queries(10):
        page(observer)


def test_an_administrator_asks_a_worker_for_a_run(administrator: Client, store: TowerStore, asked: list[str]) -> None:
    assert START in page(administrator)

    answer = administrator.post(START)

    assert answer.status_code == 302
    assert asked == ["towers.tasks.sync_towers"]
    assert "data-toast" in said(administrator, answer)


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.DISPATCHER, Role.MANAGER])
def test_nobody_else_has_the_button(client: Client, store: TowerStore, asked: list[str], role: str) -> None:
    client.force_login(make_user(role))

    assert START not in page(client)
    assert client.post(START).status_code == 403
    assert asked == []


def test_without_an_address_the_button_is_absent_and_asking_says_why(
    administrator: Client, settings: Any, asked: list[str]
) -> None:
    settings.TOWERSTORE = dict.fromkeys(sync.FEEDS, "")

    assert START not in page(administrator)
    assert "TS_POLES_TL_URL" in said(administrator, administrator.post(START))
    assert asked == []


def test_a_broker_that_is_down_is_said_in_words(
    administrator: Client, store: TowerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: object, **options: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr("towers.views.current_app.send_task", down)

    html = said(administrator, administrator.post(START))

    assert "manage.py sync_towers" in html


def test_a_run_is_asked_for_by_post_only(administrator: Client) -> None:
    assert administrator.get(START).status_code == 405
