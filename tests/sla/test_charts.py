"""Geometry of the small charts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.stretches import Stretch
from sla import charts


def points(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, _comma, y in (each.partition(",") for each in drawn.split())]


@given(st.lists(st.none() | st.integers(0, 10**6), max_size=20))
def test_a_line_stays_inside_its_chart_and_goes_to_the_right(values: list[float | None]) -> None:
    drawn = points(charts.line(values).points)

    assert all(0 <= x <= charts.WIDTH and 0 <= y <= charts.HEIGHT for x, y in drawn)
    assert [x for x, _y in drawn] == sorted(x for x, _y in drawn)


def test_one_value_is_a_line_from_edge_to_edge_and_none_is_no_line() -> None:
    assert [x for x, _y in points(charts.line([5]).points)] == [0, 100]
    assert charts.line([]).points == charts.line([None, None]).points == ""


@given(st.lists(st.integers(0, 10**6), max_size=5))
def test_pieces_of_a_bar_fill_it_in_order_and_each_is_seen(numbers: list[int]) -> None:
    parts = charts.bar([(f"f-{n}", number) for n, number in enumerate(numbers)])

    assert [part.look for part in parts] == [f"f-{n}" for n, number in enumerate(numbers) if number]
    assert all(float(part.width) > 0 for part in parts)
    if parts:
        assert float(parts[-1].x) + float(parts[-1].width) == pytest.approx(100, abs=0.5)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=24))
def test_the_most_is_darkest_and_nothing_has_no_shade(numbers: list[int]) -> None:
    most = max(numbers)
    levels = [charts.level(number, most) for number in numbers]

    assert all(0 <= level <= charts.LEVELS for level in levels)
    assert all((level == 0) == (number == 0) for level, number in zip(levels, numbers, strict=True))
    assert not most or max(levels) == charts.LEVELS


@given(st.integers(0, 10**6), st.none() | st.integers(1, 10**6))
def test_stretches_are_read_as_they_are_written(since: int, length: int | None) -> None:
    stretch = Stretch(since, None if length is None else since + length)

    assert Stretch.parse(str(stretch)) == stretch


@pytest.mark.parametrize("word", ["", "-", "5", "5-3", "5-5", "a-b", "-5", "1-2-3", "٣-٤", "99999999-"])
def test_other_words_are_no_stretch(word: str) -> None:
    assert Stretch.parse(word) is None
