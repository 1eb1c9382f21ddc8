"""The journal of conflicts: what a row says, what is found, that pages lose nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dispatchers.roles import Role
from incidents.models import Status
from tests.factories import make_incident, make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.listed import make_conflict, make_link, onward, page, queries, reader
from tracker_bridge.models import Conflict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bridge")]

CONFLICTS = "/tracker/conflicts/"


@pytest.fixture
def desk() -> Client:
    return reader(make_user(Role.MANAGER))


def shown(desk: Client, query: str = "") -> list[str]:
    """The values of ours, by which these tests know their rows."""
    return re.findall(r"<dd>(n\d+)", page(desk, f"{CONFLICTS}{query}"))


def test_a_row_says_what_each_side_wanted_whose_was_kept_and_why(desk: Client) -> None:
    incident = make_incident()
    link = make_link(incident)
    make_conflict(link, winner="tracker", base="Нет питания", ours="Питание", theirs="Мачта", author="olga")
    said = page(desk, CONFLICTS)
    for words in (
        incident.subject,
        link.key,
        "Нет питания",
        "Питание",
        "Мачта",
        "olga",
        "what people set in the tracker",
    ):
        assert words in said
    kept, lost = re.findall(r'tr-side (is-kept|is-lost)"><dt>(Here|Over there)', said)
    assert (kept, lost) == (("is-lost", "Here"), ("is-kept", "Over there"))


def test_values_are_said_in_words(bridge: Bridge, desk: Client) -> None:
    bridge.person("anna", last_name="Крылова", first_name="Анна")
    status = Status.objects.get(key="inProgress")
    make_conflict(field="status", theirs="inProgress", ours=None)
    make_conflict(field="assignee", theirs="anna", author="anna")
    said = page(desk, CONFLICTS)
    assert status.name in said
    assert said.count("Крылова") >= 2
    assert "inProgress" not in said


def test_what_nobody_won_is_said_to_be_left_alone(desk: Client) -> None:
    make_conflict(winner="nobody")
    said = page(desk, CONFLICTS)
    assert "left alone for an hour" in said
    assert "is-kept" not in said


def test_words_of_the_tracker_are_no_markup(desk: Client) -> None:
    make_conflict(theirs="<script>x</script>", author="<b>x")
    assert "<script>x" not in page(desk, CONFLICTS)
    assert "<b>x" not in page(desk, CONFLICTS)


def test_each_filter_finds_its_conflicts(desk: Client) -> None:
    link = make_link(make_incident(code="NT-163341"))
    make_conflict(link, ours="n1", field="type", winner="tracker", author="olga", minutes=3)
    make_conflict(ours="n2", minutes=2)
    make_conflict(ours="n3", winner="nobody", minutes=1)
    for query in ("field=type", "winner=tracker", "person=olga", "q=NT-163341", "q=163341", f"q={link.key.lower()}"):
        assert shown(desk, f"?{query}") == ["n1"]
    assert shown(desk, "?field=summary&winner=nobody") == ["n3"]
    assert shown(desk, "?person=nobody") == shown(desk, "?q=NT-1") == []


def test_days_are_days_of_the_desk_both_ends_included(desk: Client) -> None:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    day, second = timedelta(days=1), timedelta(seconds=1)
    for ours, at in (
        ("n1", midnight - day),
        ("n2", midnight - second),
        ("n3", midnight),
        ("n4", midnight - day - second),
    ):
        make_conflict(ours=ours, at=at)
    today, yesterday = midnight.date(), (midnight - day).date()
    assert shown(desk, f"?from={yesterday}&to={yesterday}") == ["n2", "n1"]
    assert shown(desk, f"?from={today}") == ["n3"]
    assert shown(desk, f"?to={yesterday}") == ["n2", "n1", "n4"]
    assert shown(desk, f"?from={today}&to={yesterday}") == []


@pytest.mark.parametrize(
    "query",
    ["field=x", "winner=x", "winner=", "after=x", "from=x&to=2026-13-45", "from=0001-01-01", "to=9999-12-31", "q=+"],
)
def test_nonsense_in_the_address_counts_as_not_said(desk: Client, query: str) -> None:
    make_conflict(ours="n1")
    text = page(desk, f"{CONFLICTS}?{query}")
    assert "<dd>n1" in text
    assert "dk-chip on" not in text


def test_conflicts_of_another_tracker_are_nowhere(desk: Client) -> None:
    make_conflict(make_link(backend="yandex"), ours="n1")
    assert shown(desk) == []


def test_pages_show_each_row_once_while_others_are_added_also_of_one_moment(desk: Client) -> None:
    at, link = timezone.now() - timedelta(minutes=5), make_link()
    wanted = [make_conflict(link, ours=f"n{n}", at=at).ours for n in range(103)]
    wanted += [make_conflict(link, ours=f"n{n}", minutes=9).ours for n in range(200, 207)]
    seen: list[str] = []
    query = ""
    while True:
        text = page(desk, f"{CONFLICTS}{query}")
        seen += re.findall(r"<dd>(n\d+)", text)
        make_conflict(link, ours="n999")
        if not (following := onward(text)):
            break
        query = following.removeprefix(CONFLICTS)
    assert sorted(seen) == sorted(wanted)
    assert Conflict.objects.count() > len(wanted)


@pytest.mark.parametrize("query", ["", "?winner=dispatch&person=anna"])
def test_the_journal_costs_the_same_for_five_rows_and_for_fifty(bridge: Bridge, desk: Client, query: str) -> None:
    bridge.person("anna")
    costs = []
    for number in (5, 45):
        for _ in range(number):
            make_conflict(field="assignee", theirs="anna", author="anna")
        costs.append(queries(desk, f"{CONFLICTS}{query}"))
    assert costs[0] == costs[1] <= 12
