"""Open incidents near a pole, for the crew that goes there."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from dispatchers.models import User
from incidents import map_nearby
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.map_nearby import Nearby
from tests.factories import NOW, make_incident, make_pole, make_user
from towers.models import Pole

pytestmark = pytest.mark.django_db


def pole(north: float = 0, east: float = 0, **over: Any) -> Pole:
    """So many degrees from the middle; a tenth of a degree of latitude is 11 km."""
    return make_pole(latitude=58.6 + north, longitude=49.7 + east, **over)


def around(middle: Pole, words: str = "", person: User | None = None) -> list[Nearby]:
    person = person or make_user()
    return map_nearby.around(middle, DeskFilter.read(QueryDict(words), Choices(person)), person, NOW)


def test_the_nearest_come_first_with_distance_direction_and_worst_state() -> None:
    middle, near, far = pole(), pole(north=0.01), pole(east=-0.2)
    make_incident(pole=far)
    make_incident(pole=near, status="inProgress")
    make_incident(pole=near, opened_at=NOW.replace(year=2025), due_at=NOW.replace(month=1))

    found = around(middle)

    assert [(each.spot.code, each.number, each.worst.name) for each in found] == [
        (near.code, 2, "over"),
        (far.code, 1, "new"),
    ]
    assert [round(each.km, 1) for each in found] == [1.1, 11.6]
    assert [round(each.bearing) for each in found] == [0, 270]


def test_what_is_closed_too_far_quiet_gone_or_the_pole_itself_is_not_there() -> None:
    middle = pole()
    make_incident(pole=middle)
    make_incident(pole=pole(north=0.05), status="closed", closed_at=NOW)
    # In the corner of the box, beyond the circle.
    make_incident(pole=pole(north=0.17, east=0.33))
    make_incident(pole=pole(north=0.02, gone_at=NOW))
    pole(north=0.03)

    assert around(middle) == []


def test_the_filter_of_the_map_holds_here_too() -> None:
    me, middle, near = make_user(), pole(), pole(north=0.01)
    make_incident(pole=near, assignee=make_user())
    mine = make_incident(pole=near, assignee=me)

    assert [each.number for each in around(middle, "who=me", me)] == [1]
    assert [each.number for each in around(middle, f"q={mine.code}", me)] == [1]


@pytest.mark.parametrize("place", [{"latitude": None, "longitude": None}, {"latitude": 0, "longitude": 0}])
def test_a_pole_without_a_place_has_nothing_around(place: dict[str, Any]) -> None:
    make_incident(pole=make_pole(latitude=0.01, longitude=0))

    assert around(make_pole(**place)) == []


def test_more_poles_ask_no_more_questions(django_assert_num_queries: Any) -> None:
    middle, me = pole(), make_user()
    for number in range(15):
        make_incident(pole=pole(north=0.005 * number))
    around(middle, person=me)

    # The incidents, and whether the kept poles are the registry's still.
    with django_assert_num_queries(2):
        assert len(around(middle, person=me)) == map_nearby.MOST
