"""Distances, directions and the neighbours of a pole: true anywhere on the earth, also where degrees run out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_pole
from towers import places
from towers.models import Pole
from towers.places import Place

PLACES = st.builds(Place, st.floats(-80, 80), st.floats(-180, 180))
NEAR = st.floats(-0.2, 0.2)


def codes(pole: Pole, km: float = 15, most: int = 30) -> list[str]:
    return [each.pole.code for each in places.around(pole, km, most)]


@given(PLACES, PLACES)
def test_the_way_there_is_as_long_as_the_way_back(one: Place, other: Place) -> None:
    assert places.kilometres(one, other) == pytest.approx(places.kilometres(other, one), abs=1e-6)
    assert 0 <= places.kilometres(one, other) <= 20_016


@given(PLACES, PLACES, PLACES)
def test_no_detour_is_shorter(one: Place, other: Place, third: Place) -> None:
    through = places.kilometres(one, third) + places.kilometres(third, other)
    assert places.kilometres(one, other) <= through + 1e-5


@pytest.mark.parametrize(
    ("there", "degrees"), [((59, 50), 0), ((58, 51), 90), ((57, 50), 180), ((58, 49), 270), ((58.5, 51), 46)]
)
def test_a_direction_counts_from_the_north_clockwise(there: tuple[float, float], degrees: float) -> None:
    assert places.bearing(Place(58, 50), Place(*there)) == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize(("latitude", "longitude"), [(None, 49.0), (58.0, None), (91.0, 49.0), (58.0, 4900.0)])
def test_what_is_no_place_is_none(latitude: float | None, longitude: float | None) -> None:
    assert places.place_of(Pole(latitude=latitude, longitude=longitude)) is None


@pytest.mark.django_db
def test_neighbours_come_nearest_first_with_distance_and_direction() -> None:
    here = make_pole(latitude=58.0, longitude=50.0)
    make_pole("far", latitude=58.1, longitude=50.0)
    make_pole("near", latitude=58.0, longitude=50.05)
    make_pole("too far", latitude=58.2, longitude=50.0)

    near, far = places.around(here, 15, 30)

    assert (near.pole.code, far.pole.code) == ("near", "far")
    assert near.km == pytest.approx(2.95, abs=0.01)
    assert near.bearing == pytest.approx(90, abs=0.1)
    assert far.km == pytest.approx(11.12, abs=0.01)
    assert codes(here, most=1) == ["near"]


@pytest.mark.django_db
def test_a_corner_of_the_box_is_farther_than_the_circle() -> None:
    here = make_pole(latitude=0.0, longitude=0.0)
    make_pole("corner", latitude=0.12, longitude=0.12)

    assert codes(here, 15) == []
    assert codes(here, 19) == ["corner"]


@pytest.mark.django_db
def test_neighbours_are_found_across_the_date_line() -> None:
    east, west = make_pole("east", latitude=66.0, longitude=179.95), make_pole("west", latitude=66.0, longitude=-179.95)
    make_pole("between", latitude=66.0, longitude=179.99)

    assert codes(east) == ["between", "west"]
    assert codes(west) == ["between", "east"]


@pytest.mark.django_db
def test_poles_that_are_gone_or_nowhere_are_no_neighbours() -> None:
    here = make_pole(latitude=58.0, longitude=50.0)
    make_pole("gone", latitude=58.0, longitude=50.01, gone_at=NOW)
    make_pole("nowhere")

    assert codes(here) == []
    assert codes(make_pole()) == []


@given(latitude=st.floats(-89.9, 89.9), longitude=st.floats(-180, 180), up=NEAR, aside=NEAR, km=st.floats(1, 30))
def test_the_box_leaves_nobody_out(latitude: float, longitude: float, up: float, aside: float, km: float) -> None:
    here = Place(latitude, longitude)
    there = Place(max(-90, min(90, latitude + up)), (longitude + aside + 180) % 360 - 180)
    if places.kilometres(here, there) <= km - 1e-6:
        assert _is_inside(places.inside(here, km), there)


def _is_inside(condition: object, place: Place) -> bool:
    """What the database would say of a row at this place."""
    from django.db.models import Q

    if isinstance(condition, Q):
        said = [_is_inside(child, place) for child in condition.children]
        return any(said) if condition.connector == Q.OR else all(said)
    assert isinstance(condition, tuple)
    name, value = condition
    field, _, how = name.partition("__")
    at = getattr(place, field)
    if how == "range":
        return bool(value[0] - 1e-9 <= at <= value[1] + 1e-9)
    return bool(at >= value - 1e-9) if how == "gte" else bool(at <= value + 1e-9)
