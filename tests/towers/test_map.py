"""The map as numbers: distances and directions hold, labels cover nothing, tiles leave no gap."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towers import map as maps
from towers.map import LETTER, Drawing, Mark, Spot
from towers.places import Place, bearing, kilometres

MIDDLES = st.builds(Place, st.floats(-75, 75), st.floats(-180, 180))
OFFSETS = st.lists(
    st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.sampled_from(["", "open", "over"])), max_size=25
)
SIZES = st.sampled_from([(352, 140), (400, 300), (200, 400)])


def spots(middle: Place, offsets: list[tuple[float, float, str]]) -> list[Spot]:
    return [
        Spot(Place(middle.latitude + up, (middle.longitude + aside + 180) % 360 - 180), f"4196{n}-P-43-1-1", "", look)
        for n, (up, aside, look) in enumerate(offsets)
    ]


def away(drawing: Drawing, mark: Mark) -> float:
    return math.hypot(mark.x - drawing.x, mark.y - drawing.y)


@given(MIDDLES, OFFSETS, SIZES)
def test_every_spot_stands_as_far_and_in_the_direction_that_it_has(middle, offsets, size):
    drawing = maps.draw(middle, spots(middle, offsets), label="here", width=size[0], height=size[1])
    per_km = drawing.rings[-1].radius / drawing.rings[-1].km

    for mark in drawing.marks:
        km = kilometres(middle, mark.spot.place)
        assert away(drawing, mark) == pytest.approx(km * per_km, rel=0.02, abs=0.5)
        if km > 1:
            seen = math.degrees(math.atan2(mark.x - drawing.x, drawing.y - mark.y)) % 360
            off = abs(seen - bearing(middle, mark.spot.place)) % 360
            assert min(off, 360 - off) < 2


@given(MIDDLES, OFFSETS, SIZES)
def test_all_of_them_are_on_the_drawing(middle, offsets, size):
    drawing = maps.draw(middle, spots(middle, offsets), label="here", width=size[0], height=size[1])

    assert len(drawing.marks) == len(offsets)
    for mark in drawing.marks:
        assert 0 <= mark.x <= drawing.width
        assert 0 <= mark.y <= drawing.height


@given(MIDDLES, OFFSETS, SIZES)
def test_no_label_covers_another_one_or_leaves_the_drawing(middle, offsets, size):
    drawing = maps.draw(middle, spots(middle, offsets), label="here", width=size[0], height=size[1])
    placed = [mark for mark in drawing.marks if mark.label_x is not None]

    for number, one in enumerate(placed):
        assert one.label_x >= 0
        assert one.label_x + LETTER * len(one.spot.label) <= drawing.width
        for other in placed[:number]:
            across = abs(one.label_x - other.label_x) >= LETTER * len(one.spot.label) - 0.1
            assert across or abs(one.label_y - other.label_y) >= 11.9


@given(st.floats(0.5, 200), st.sampled_from([54, 134]))
def test_rings_are_round_and_never_too_close(km, radius):
    rings = maps.ring_kms(km, radius / km)

    assert 1 <= len(rings) <= 4
    assert rings[-1] <= km < rings[-1] * 2.5
    assert f"{rings[0]:e}"[0] in "125"
    assert len(rings) == 1 or rings[0] * radius / km >= 26


def test_a_lonely_spot_has_its_label_and_a_quiet_one_has_none():
    middle = Place(58.6, 49.6)
    loud, quiet = spots(middle, [(0.05, 0.05, "over"), (-0.05, -0.05, "")])

    drawing = maps.draw(middle, [loud, quiet], label="here")

    # Quiet ones are drawn first, below the others.
    assert [mark.spot for mark in drawing.marks] == [quiet, loud]
    assert [mark.label_x is None for mark in drawing.marks] == [True, False]


@given(MIDDLES, SIZES, st.sampled_from([1, 5, 15, 50, 200]))
def test_the_scale_is_round_and_not_too_long(middle, size, km):
    scale = maps.draw(middle, [], label="here", usual_km=km, width=size[0], height=size[1]).scale

    assert scale.radius <= size[0] / 4 + 0.01
    assert scale.radius >= size[0] / 4 / 2.6
    assert f"{scale.km:e}"[0] in "125"


@given(MIDDLES, SIZES, st.sampled_from([1, 5, 15, 50, 200]))
def test_tiles_cover_the_drawing_without_a_gap(middle, size, km):
    template = "https://tiles.example/{z}/{x}/{y}.png"
    drawing = maps.draw(middle, [], label="here", usual_km=km, width=size[0], height=size[1], tiles=template)
    zooms = {int(tile.url.split("/")[-3]) for tile in drawing.tiles}
    length = drawing.tiles[0].size

    assert len(zooms) == 1
    assert len(drawing.tiles) <= (size[0] / 150 + 2) * (size[1] / 150 + 2)
    for x in (0.5, size[0] / 3, size[0] - 0.5):
        for y in (0.5, size[1] / 3, size[1] - 0.5):
            assert any(
                t.x - 0.1 <= x <= t.x + length + 0.1 and t.y - 0.1 <= y <= t.y + length + 0.1 for t in drawing.tiles
            )
    for tile in drawing.tiles:
        column, row = (int(part.removesuffix(".png")) for part in tile.url.split("/")[-2:])
        assert 0 <= column < 2 ** max(zooms)
        assert 0 <= row < 2 ** max(zooms)


def test_the_tile_in_the_middle_is_the_one_that_shows_the_place():
    # Of the usual formula of map tiles, at zoom 10.
    drawing = maps.draw(
        Place(58.6, 49.6), [], label="here", usual_km=20, width=400, height=400, tiles="https://t.example/{z}/{x}/{y}"
    )
    middle = next(t for t in drawing.tiles if t.x <= 200 < t.x + t.size and t.y <= 200 < t.y + t.size)

    zoom, column, row = (int(part) for part in middle.url.split("/")[-3:])
    number = 2**zoom
    assert column == int((49.6 + 180) / 360 * number)
    assert row == int((1 - math.asinh(math.tan(math.radians(58.6))) / math.pi) / 2 * number)


def test_without_a_tile_server_nothing_is_asked_of_one():
    assert maps.draw(Place(58.6, 49.6), [], label="here").tiles == ()


def test_a_pole_at_the_end_of_the_earth_is_drawn_too():
    drawing = maps.draw(Place(90, 0), [Spot(Place(89.9, 90), "x", "")], label="here")

    assert all(math.isfinite(mark.x) and math.isfinite(mark.y) for mark in drawing.marks)
