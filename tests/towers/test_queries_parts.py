"""Sites by any part of a code, by words of the address, by a phone; what is surer comes first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_pole, make_station
from towers import queries
from towers.keys import pole_key
from towers.models import Pole

pytestmark = pytest.mark.django_db
MIRA_5 = "Слободской р-н, д. Стулово, ул. Мира, д. 5"


def codes(poles: list[Pole]) -> list[str]:
    return [pole.code for pole in poles]


def test_of_hundreds_that_begin_so_the_whole_code_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "RANKED", 3)
    for number in range(6):
        make_station(f"KI7{number}", make_pole(f"4196{number}-P-43-1-1"))
    pole, station = make_pole("4196"), make_station("KI7")

    assert queries.poles_like("4196", limit=2)[0] == pole
    assert queries.stations_like("KI7", limit=2)[0] == station


@pytest.mark.parametrize("typed", ["960-P-43", "960-р-43", "960 р 43", "960—P", "60-З-43"])
def test_a_pole_is_found_by_a_middle_part_in_any_spelling(typed: str) -> None:
    pole = make_pole("41960-P-43-1-1")
    make_pole("51961-P-44-1-1")

    assert queries.poles_like(typed) == [pole]


def test_what_begins_so_stands_before_what_has_it_inside_and_that_before_the_address() -> None:
    by_address = make_pole("10000-P-43-1-1", address="ул. Мира, д. 4196")
    inside = make_pole("34196-P-43-1-1")
    begins = make_pole("41960-P-43-1-1")
    whole = make_pole("4196")

    assert queries.poles_like("4196") == [whole, begins, inside, by_address]
    assert queries.poles_meant("4196") == [whole, begins]
    assert queries.poles_like("4196", limit=3) == [whole, begins, inside]


def test_a_station_is_found_by_a_part_after_those_that_begin_so() -> None:
    begins, inside = make_station("23-02598"), make_station("PL77-23-0")
    make_station("KI000075")

    assert queries.stations_like("23-0") == [begins, inside]
    assert queries.stations_like("2598") == [begins]
    assert queries.stations_meant("23-0") == [begins]


@pytest.mark.parametrize(
    "typed",
    [
        "стулово мира 5",
        "мира 5 стулово",
        "СТУЛОВО, ул. Мира",
        "тулово",
        "cnekjdj vbhf 5",
        "cтулoво",
        "слободской",
        "кировская стулово",
        "стулово 41960",
    ],
)
def test_a_pole_is_found_by_words_of_its_place_in_any_order(typed: str) -> None:
    pole = make_pole("41960-P-43-1-1", address=MIRA_5)
    make_pole("41961-P-59-1-1", region_ru="Пермский край", address="д. Мостовое, ул. Мира, д. 15")

    assert queries.poles_like(typed) == [pole]


def test_of_two_houses_the_one_that_is_whole_comes_first_and_no_number_is_found_inside_another() -> None:
    longer = make_pole("41960-P-43-1-1", address=MIRA_5 + "1")
    exact = make_pole("41961-P-43-1-1", address=MIRA_5)
    make_pole("41962-P-43-1-1", address="д. Стулово, ул. Мира, д. 15")

    assert queries.poles_like("стулово мира 5") == [exact, longer]


def test_yo_is_ye() -> None:
    pole = make_pole(address="с. Берёзовка")

    assert queries.poles_like("березовка") == [pole]
    assert queries.poles_like("берёзовка") == [pole]


@pytest.mark.parametrize(
    "typed", ["", " ", "-", "д", "5", "д 5", "%%%", "___", "\\m", "[[[", "...", "'''", "(((", "\0"]
)
def test_too_little_and_signs_find_nothing_by_a_part(typed: str) -> None:
    make_station("KI000075", make_pole("41960-P-43-1-1", address=MIRA_5))

    text = typed.replace("\0", "")
    assert queries.poles_like(text) == []
    assert queries.stations_like(text) == []


def test_what_is_gone_is_not_found_by_a_part() -> None:
    make_pole("41960-P-43-1-1", address=MIRA_5, gone_at=NOW, contractor_phones=["+7 912 555-12-34"])
    make_station("KI000075", gone_at=NOW)

    assert queries.poles_like("960-P") == []
    assert queries.poles_like("стулово мира") == []
    assert queries.stations_like("0075") == []
    assert queries.poles_with_phone("9125551234") == []


def test_a_contractors_phone_is_found_by_its_digits_and_not_across_two_phones() -> None:
    pole = make_pole(contractor_phones=["+7 (912) 555-12-34", "8 495 111 22 33"])

    assert queries.poles_with_phone("9125551234") == [pole]
    assert queries.poles_with_phone("5551234") == [pole]
    assert queries.poles_with_phone("12348495") == []
    assert queries.poles_with_phone("") == []
    assert queries.poles_with_phone("912%") == []


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_a_question(text: str) -> None:
    text = text.replace("\0", "").encode("utf-8", "ignore").decode()

    queries.poles_like(text)
    queries.stations_like(text)


@settings(deadline=None)
@given(st.integers(0, 11), st.integers(3, 14))
def test_any_part_of_a_code_finds_it(start: int, length: int) -> None:
    code = "41960-P-43-1-1"
    Pole.objects.get_or_create(code=code, defaults={"code_key": pole_key(code)})
    part = code[start : start + length].strip("-")

    if len(part) >= queries.SHORTEST_PART:
        assert code in codes(queries.poles_like(part))
