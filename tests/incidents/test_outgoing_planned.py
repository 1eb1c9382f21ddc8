"""Letters that people have planned, in the list of letters of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.models import Incident, WrittenLetter
from mailbox.models import Outgoing
from tests.factories import make_incident, make_user
from tests.incidents.letters_sent import PAGE, browser, make_account, make_letter, page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _with_a_server(settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"


@pytest.fixture
def writer() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


@pytest.fixture
def desk() -> Client:
    return browser(make_user(Role.MANAGER))


def plan(writer: User, incident: Incident | None = None, *, hours: float = 2, **over: Any) -> WrittenLetter:
    now = timezone.now()
    form = {"to": "noc@operator.example", "subject": "Отсутствует ВЭС", "text": "Бригада едет.", "kind": "new"}
    form |= over.pop("form", {})
    facts = {"form": form, "written_at": now, "leaves_at": now + timedelta(hours=hours), **over}
    return WrittenLetter.objects.create(incident=incident or make_incident(), person=writer, **facts)


def test_a_planned_letter_says_when_it_leaves_about_what_and_who_wrote_it(desk: Client, writer: User) -> None:
    written = plan(writer, make_incident(code="NT-163341"))
    at = timezone.localtime(written.leaves_at)

    for query in ("", "?state=planned"):
        text = page(desk, query)
        assert f"{at:%H:%M}" in text.partition("Planned for ")[2][:30]
        assert "/incidents/NT-163341/" in text
        assert "noc@operator.example" in text
        assert "Крылова" in text


def test_the_soonest_stand_first_and_the_whole_list_shows_only_a_few(desk: Client, writer: User) -> None:
    for hours in (9, 3, 7, 1, 8, 2, 6):
        plan(writer, hours=hours, form={"to": f"in-{hours}@operator.example"})

    text, all_of_them = page(desk), page(desk, "?state=planned")

    places = [all_of_them.index(f"in-{hours}@") for hours in (1, 2, 3, 6, 7, 8, 9)]
    assert places == sorted(places)
    assert "in-7@" in text
    assert "in-8@" not in text


def test_filters_apply_to_what_is_planned(desk: Client, writer: User) -> None:
    account = make_account()
    plan(writer, make_incident(code="NT-100001"), form={"to": "one@operator.example", "account": str(account.pk)})
    plan(writer, form={"to": "two@operator.example"})

    assert "two@" not in page(desk, "?state=planned&q=NT-100001")
    assert "one@" not in page(desk, "?state=planned&q=two@oper")
    assert "two@" not in page(desk, f"?state=planned&account={account.pk}")
    assert "one@" not in page(desk, "?state=planned&writer=automatic")


def test_what_has_left_is_planned_no_more(desk: Client, writer: User) -> None:
    plan(writer, form={"to": "gone@operator.example"}, outgoing=make_letter(), leaves_at=None)

    assert "gone@" not in page(desk, "?state=planned")


def test_a_manager_sends_it_now_or_not_at_all(desk: Client, writer: User) -> None:
    now, never = plan(writer), plan(writer)

    desk.post(f"{PAGE}planned/", {"one": f"send:{now.pk}"})
    desk.post(f"{PAGE}planned/", {"one": f"cancel:{never.pk}"})

    now.refresh_from_db()
    assert now.outgoing
    assert now.outgoing.state == Outgoing.State.QUEUED
    assert now.outgoing.by == writer
    assert not WrittenLetter.objects.filter(pk=never.pk).exists()
    assert never.incident.drafts.get(person=writer).text == "Бригада едет."


def test_one_that_has_left_meanwhile_is_said(desk: Client, writer: User) -> None:
    written = plan(writer)
    written.delete()

    answer = desk.post(f"{PAGE}planned/", {"one": "send:1"}, follow=True)

    assert "has left already" in answer.text


def test_dispatchers_look_and_press_nothing(writer: User) -> None:
    written = plan(writer)
    client = browser(writer)

    assert "send:" not in page(client, "?state=planned")
    assert client.post(f"{PAGE}planned/", {"one": f"send:{written.pk}"}).status_code == 403


def test_a_page_ends_where_the_next_begins_and_costs_the_same_for_many(desk: Client, writer: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(desk, "?state=planned")
        return len(asked)

    for n in range(5):
        plan(writer, hours=n + 1, form={"to": f"n{n}@operator.example"})
    few = cost()
    for n in range(5, 55):
        plan(writer, hours=n + 1, form={"to": f"n{n}@operator.example"})

    first = page(desk, "?state=planned")
    following = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")

    assert cost() == few
    assert "n49@" in first
    assert "n50@" not in first
    assert "n50@" in desk.get(f"{PAGE}{following}").text
