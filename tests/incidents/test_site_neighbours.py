"""The poles around a pole, those that fail first, and how they are drawn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from incidents import site_neighbours
from tests.factories import NOW, make_incident, make_pole
from towers.models import Pole


def make_near(code: str, up: float, **over: object) -> Pole:
    return make_pole(code, latitude=58.0 + up, longitude=50.0, **over)


@pytest.mark.django_db
def test_neighbours_that_fail_come_first_and_are_named_by_their_worst_state() -> None:
    here = make_near("here", 0)
    make_near("quiet", 0.01)
    hour = timedelta(hours=1)
    for code, up, dues in (("over", 0.05, [-hour, 9 * hour]), ("risk", 0.03, [hour / 2]), ("open", 0.04, [None])):
        pole = make_near(code, up)
        for due in dues:
            opened = NOW - 2 * hour
            make_incident(pole=pole, opened_at=opened, due_at=NOW + due if due else None)
        make_incident(pole=pole, opened_at=NOW - hour, closed_at=NOW, status="closed")

    near = site_neighbours.load(here, NOW)

    assert [(each.pole.code, each.look, len(each.incidents)) for each in near] == [
        ("risk", "risk", 1),
        ("open", "open", 1),
        ("over", "over", 2),
        ("quiet", "", 0),
    ]


@pytest.mark.django_db
def test_many_neighbours_cost_as_many_queries_as_few(django_assert_num_queries) -> None:
    here = make_near("here", 0)
    for n in range(25):
        make_incident(pole=make_near(f"near{n}", 0.001 * n))

    with django_assert_num_queries(2):
        near = site_neighbours.load(here, NOW)
        assert [each.incidents[0].status.name for each in near]
    with django_assert_num_queries(0):
        assert site_neighbours.load(make_pole_without_place(), NOW) == []


def make_pole_without_place() -> Pole:
    return Pole(code="nowhere")


@pytest.mark.django_db
def test_the_map_names_state_distance_and_direction_of_each() -> None:
    here = make_near("here", 0)
    make_incident(pole=make_near("failing", 0.05))
    make_near("quiet", -0.05)

    with translation.override("en"):
        near = site_neighbours.load(here, NOW)
        drawing = site_neighbours.drawn(here, "over", near, width=352, height=140, linked=False)

    assert drawing is not None
    quiet, failing = (mark.spot for mark in drawing.marks)
    assert (failing.title, failing.look, failing.href) == (
        "failing, 5.6 km N: 1 open incident",
        "open",
        "/towers/failing/",
    )
    assert (quiet.title, quiet.look, quiet.href) == ("quiet, 5.6 km S: no open incidents", "", "")
    assert site_neighbours.drawn(make_pole_without_place(), "", [], width=9, height=9, linked=True) is None


@pytest.mark.parametrize(
    ("km", "said"),
    [
        (0, "0 m"),
        (0.044, "40 m"),
        (0.45, "450 m"),
        (0.994, "990 m"),
        (0.996, "1 km"),
        (1.84, "1.8 km"),
        (12.4, "12 km"),
    ],
)
def test_distances_are_said_as_exactly_as_they_matter(km: float, said: str) -> None:
    with translation.override("en"):
        assert site_neighbours.distance(km) == said


@pytest.mark.parametrize(("bearing", "said"), [(0, "N"), (359, "N"), (22, "N"), (23, "NE"), (180, "S"), (271, "W")])
def test_directions_are_eight(bearing: float, said: str) -> None:
    with translation.override("en"):
        assert site_neighbours.direction(bearing) == said
