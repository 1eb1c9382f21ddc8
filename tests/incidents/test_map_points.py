"""Where open incidents stand on the map: states, places, numbers by region, and what is sent to the page."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import map_points, map_states
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.map_points import Row
from incidents.map_poles import ABROAD, FAR, NO_PLACE, NO_POLE, NOUGHT, Spot, spots, wrong_place
from incidents.models import Incident
from tests.factories import NOW, make_incident, make_pole, make_user
from towers.models import Pole, SyncRun

KIROV: dict[str, Any] = {"latitude": 58.6, "longitude": 49.7}


def load(person: User, words: str = "", codes: tuple[str, ...] = ()) -> list[Row]:
    filters = map_points.of_map(DeskFilter.read(QueryDict(words), Choices(person)))
    return map_points.load(filters, person, NOW, codes)


def due(minutes: int) -> dict[str, Any]:
    return {"opened_at": NOW - timedelta(days=3), "due_at": NOW + timedelta(minutes=minutes)}


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"status": "new", **due(300)}, "new"),
        ({"status": "inProgress", **due(300)}, "work"),
        ({"status": "naGeneraciiNb", **due(300)}, "wait"),
        ({"status": "new", **due(59)}, "risk"),
        ({"status": "naGeneraciiNb", **due(0)}, "risk"),
        ({"status": "new", **due(-1)}, "over"),
        ({"status": "inProgress"}, "work"),
    ],
)
@pytest.mark.django_db
def test_each_open_incident_is_in_one_state_and_what_is_late_comes_first(facts: dict[str, Any], state: str) -> None:
    incident = make_incident(**facts)

    (row,) = load(make_user())

    assert (row.code, map_states.BY_LETTER[row.state].name) == (incident.code, state)


@pytest.mark.django_db
def test_states_agree_with_the_queues_of_the_desk() -> None:
    for minutes in (-5, 0, 59, 60, 300):
        for status in ("new", "inProgress", "naGeneraciiNb"):
            make_incident(status=status, **due(minutes))
    rows = load(make_user())
    found = {letter: {row.code for row in rows if row.state == letter} for letter in "or"}
    every = Incident.objects.all()

    assert found["o"] == set(every.overdue(NOW).values_list("code", flat=True))
    assert found["r"] == set(every.at_risk(NOW).values_list("code", flat=True))


@pytest.mark.django_db
def test_closed_incidents_are_not_on_the_map_whatever_the_address_says() -> None:
    me = make_user()
    opened = make_incident(subject="Пожар")
    make_incident(status="closed", closed_at=NOW, subject="Пожар")

    for words in ("", "queue=closed", "q=Пожар", "queue=closed&q=Пожар", "queue=all"):
        assert [row.code for row in load(me, words)] == [opened.code]


@pytest.mark.django_db
def test_the_map_is_filtered_as_the_desk_is() -> None:
    me, other = make_user(), make_user()
    mine = make_incident(assignee=me, pole=make_pole(region_ru="Пермский край"))
    make_incident(assignee=other, pole=make_pole())

    for words in ("who=me", "queue=mine", f"who={me.pk}", "region=Пермский край", f"q={mine.code}"):
        assert [row.code for row in load(me, words)] == [mine.code]


@pytest.mark.django_db
def test_a_page_may_ask_what_became_of_some_incidents() -> None:
    me = make_user()
    here, closed = make_incident(), make_incident(status="closed", closed_at=NOW)
    make_incident()

    assert [row.code for row in load(me, codes=(here.code, closed.code, "NT-1"))] == [here.code]


@pytest.mark.parametrize(
    ("latitude", "longitude", "region", "why"),
    [
        (58.6, 49.7, "Кировская область", ""),
        (None, 49.7, "Кировская область", NO_PLACE),
        (0, 0, "Кировская область", NOUGHT),
        # Written the other way round.
        (49.7, 58.6, "Кировская область", FAR),
        (38.2, 55.5, "Московская область", ABROAD),
        (48.9, 2.3, "", ABROAD),
        (66.2, -172.0, "Чукотский автономный округ", ""),
        (55.0, 50.0, "Неизвестная область", ""),
        (500, 49.7, "", ABROAD),
    ],
)
def test_a_place_that_cannot_be_right_is_no_place(
    latitude: float | None, longitude: float | None, region: str, why: str
) -> None:
    assert wrong_place(latitude, longitude, region) == why


def row(code: str, state: str, pole: int | None = 1, region: str = "Кировская область", why: str = "") -> Row:
    return Row(code, state, Spot(pole, f"{pole}-P", 58.6, 49.7, region, why) if pole else None)


def test_an_incident_without_a_pole_has_no_place() -> None:
    assert row("NT-1", "n", None).why == NO_POLE


@pytest.mark.django_db
def test_poles_are_read_anew_when_one_is_added_and_when_a_synchronisation_ends() -> None:
    pole = make_pole(**KIROV)
    assert spots()[pole.pk].why == ""

    other = make_pole(latitude=0, longitude=0)
    assert spots()[other.pk].why == NOUGHT

    Pole.objects.filter(pk=pole.pk).update(latitude=None)
    assert spots()[pole.pk].why == ""
    SyncRun.objects.create(started_at=NOW, finished_at=NOW)
    assert spots()[pole.pk].why == NO_PLACE


def test_regions_with_most_overdue_ones_stand_first_and_hidden_states_are_left_out() -> None:
    rows = [
        row("NT-1", "n", region="Пермский край"),
        row("NT-2", "w", region="Пермский край"),
        row("NT-3", "o", 2),
        row("NT-4", "n", None, region=""),
    ]

    shown = map_points.summary(rows, frozenset())
    without = map_points.summary(rows, frozenset("ow"))

    assert [(each.name, each.number, each.worst.name) for each in shown.regions] == [
        ("Кировская область", 1, "over"),
        ("Пермский край", 2, "new"),
        ("", 1, "new"),
    ]
    assert shown.nowhere == 1
    assert [(each.name, each.number) for each in without.regions] == [("", 1), ("Пермский край", 1)]
    # The legend says how many are hidden.
    assert [number for _state, number in without.states] == [1, 0, 2, 0, 1]


ROWS = st.lists(
    st.tuples(
        st.sampled_from("ornaw"),
        st.one_of(st.none(), st.integers(1, 6)),
        st.sampled_from(["", "Кировская область", "Пермский край"]),
    ),
    max_size=30,
)


@given(ROWS)
def test_what_is_packed_says_all_that_the_rows_said(facts: list[tuple[str, int | None, str]]) -> None:
    regions = {pole: region for _state, pole, region in reversed(facts)}
    rows = [row(f"NT-{n}", state, pole, regions[pole]) for n, (state, pole, _region) in enumerate(facts)]

    packed = map_points.packed(rows)

    poles, incidents = packed["poles"], packed["incidents"]
    said = [
        (code, state, None if at < 0 else (poles["id"][at], packed["regions"][poles["region"][at]], poles["lat"][at]))
        for code, state, at in zip(incidents["code"], incidents["state"], incidents["pole"], strict=True)
    ]
    assert said == [
        (each.code, each.state, (each.spot.pk, each.spot.region, 586000) if each.spot else None) for each in rows
    ]
    assert len(poles["id"]) == len(set(poles["id"]))


def test_a_pole_in_a_wrong_place_is_packed_without_one() -> None:
    packed = map_points.packed([row("NT-1", "n", why=NOUGHT)])

    assert (packed["poles"]["lat"], packed["poles"]["lon"]) == ([None], [None])


def test_an_address_hides_states_but_never_all_of_them() -> None:
    assert map_states.read_hidden("wait.work") == frozenset("wa")
    assert map_states.read_hidden("nonsense") == frozenset()
    assert map_states.read_hidden("over.risk.new.work.wait") == frozenset()
    assert map_states.said_hidden("aw") == "work.wait"


@pytest.mark.django_db
def test_the_collector_of_garbage_does_not_walk_over_the_poles_that_are_kept() -> None:
    pole = make_pole("41960-P-43-1-1", **KIROV)
    kept = spots()[pole.pk]
    assert not any(each is kept for each in gc.get_objects())
