from __future__ import annotations

import pytest

from tests.factories import NOW, make_pole, make_station
from towers import queries

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "typed",
    [
        "41960-P-43",
        "41960-p-43",
        "41960-Р-43",
        "41960 P 43",
        "41960—P—43",
        "41960-\u200bP-43",
        "41960-З-43",
        "4196",
        "41960-P-",
    ],
)
def test_a_pole_is_found_by_a_beginning_in_any_spelling(typed: str) -> None:
    pole = make_pole("41960-P-43-1-1")
    make_pole("51960-P-43-1-1")

    assert queries.poles_starting_with(typed) == [pole]


@pytest.mark.parametrize("typed", ["KI0000", "ki0000", "КI0000", "KI0075", "ki75", "KI75", "ЛШ0075", "лш75", "KI 0075"])
def test_a_station_is_found_by_a_beginning_whatever_its_zeros_and_the_keyboard(typed: str) -> None:
    station = make_station("KI000075")
    make_station("KO000075")

    assert queries.stations_starting_with(typed) == [station]


@pytest.mark.parametrize(
    ("typed", "found"), [("30-175", True), ("30-0175", True), ("30-17", True), ("0-175", False), ("175", False)]
)
def test_a_number_at_the_beginning_is_taken_as_it_is(typed: str, found: bool) -> None:
    make_station("30-175")

    assert bool(queries.stations_starting_with(typed)) is found


@pytest.mark.parametrize("typed", ["", " ", "-", "%", "_", ".*", "\\", "(", "[", "'"])
def test_nothing_begins_with_no_letters_and_digits(typed: str) -> None:
    make_station("KI000075", make_pole("41960-P-43-1-1"))

    assert queries.poles_starting_with(typed) == []
    assert queries.stations_starting_with(typed) == []
    assert queries.resolve(typed) == ([], [])


def test_gone_ones_are_not_offered_for_completion() -> None:
    make_pole("41960-P-43-1-1", gone_at=NOW)
    make_station("KI000075", gone_at=NOW)
    make_station("KI000076", make_pole("51960-P-43-1-1", gone_at=NOW))

    assert queries.poles_starting_with("41960") == []
    assert queries.stations_starting_with("KI") == []


def test_no_more_is_offered_than_asked_for() -> None:
    for n in range(12):
        make_pole(f"41960-P-43-1-{n}")

    assert len(queries.poles_starting_with("41960")) == 10
    assert len(queries.poles_starting_with("41960", 3)) == 3


def test_resolve_wants_the_whole_code_and_lists_standing_ones_first() -> None:
    gone = make_station("KI000075", make_pole("41960-P-43-1-1", gone_at=NOW), gone_at=NOW)
    standing = make_station("KI000075", make_pole("41960-P-43-1-2"))
    make_station("KI0000751")

    assert queries.resolve("41960-p-43-1") == ([], [])
    assert queries.resolve("41960-р-43-1-2") == ([standing.pole], [])
    assert queries.resolve("KI0075") == ([], [standing, gone])
