from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from towers.rows import Reader, contractor_reader, pole_reader, station_reader

POLE = {"Шифр": "41960-P-43-1-1", "SiteId": 7, "Широта": 58.87, "Долгота": "49,40", "Высота опоры": "72"}
CONTRACTOR = {
    "Шифр опоры": "41960-P-43-1-1",
    "Подрядчик": "ООО «Ярус»",
    "Исключен из договора": "Нет",
    "Контактные данные подрядчика Email": "a@x.example",
    "Контактные данные подрядчика Телефон": "8 908 000 67 20",
}
STATION = {
    "Шифр опоры": "41960-P-43-1-1",
    "Имя БС/Оборудование": "KI0075",
    "Оператор": "ООО «Т2»",
    "Группа операторов": "tele2",
}


def read(reader: Reader[Any], *objects: object) -> Any:
    for each in objects:
        reader.take(each)
    return reader.feed


def why(feed: Any) -> list[tuple[int, str]]:
    return [(example["row"], example["why"]["code"]) for example in feed.notes.examples]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (49.5, 49.5),
        ("49.5", 49.5),
        ("49,5", 49.5),
        (" 49,5 ", 49.5),
        (Decimal("49.5"), 49.5),
        (None, None),
        ("", None),
        ("н/д", None),
    ],
)
def test_a_number_may_be_a_text_with_point_or_comma(value: object, number: float | None) -> None:
    feed = read(pole_reader(), {**POLE, "Широта": value})

    assert feed.rows[0][1].latitude == number
    assert not feed.notes.incomplete


@pytest.mark.parametrize("value", ["сорок", [], {}, True, "nan", "inf", "1e999", 91, -91, 10**400])
def test_a_number_that_is_none_is_left_out_and_reported_and_the_row_is_taken(value: object) -> None:
    feed = read(pole_reader(), {**POLE, "Широта": value})

    assert feed.rows[0][1].latitude is None
    assert feed.notes.incomplete == {1}
    assert feed.notes.examples[0]["taken"]


@pytest.mark.parametrize("value", [7.5, 2**63, -(2**63) - 2**12, "7,5", "x"])
def test_a_site_number_fits_its_column_or_is_left_out(value: object) -> None:
    feed = read(pole_reader(), {**POLE, "SiteId": value})

    assert feed.rows[0][1].site_id is None
    assert feed.notes.incomplete == {1}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("строка", "not_an_object"),
        (None, "not_an_object"),
        (["Шифр"], "not_an_object"),
        ({}, "missing"),
        ({**POLE, "Шифр": None}, "missing"),
        ({**POLE, "Шифр": " "}, "missing"),
        ({**POLE, "Шифр": 41960}, "wrong_type"),
        ({**POLE, "Шифр": {"v": 1}}, "wrong_type"),
        ({**POLE, "Шифр": "1" * 65}, "too_long"),
    ],
)
def test_an_object_without_a_usable_code_is_skipped_and_the_others_are_taken(bad: object, code: str) -> None:
    feed = read(pole_reader(), bad, POLE)

    assert [row.code for _, row in feed.rows] == ["41960-P-43-1-1"]
    assert why(feed) == [(1, code)]
    assert (feed.total, feed.notes.skipped) == (2, 1)


def test_of_rows_with_one_code_the_first_is_taken() -> None:
    feed = read(pole_reader(), {**POLE, "Адрес": "первый"}, {**POLE, "Адрес": "второй"})

    assert [row.address for _, row in feed.rows] == ["первый"]
    assert why(feed) == [(2, "duplicate")]
    assert not feed.unreadable


def test_text_that_postgresql_cannot_store_is_made_storable() -> None:
    feed = read(pole_reader(), {**POLE, "Адрес": "д.\0 1\ud800,\u00a0 кв. 2", "Имя БС": "х" * 400})

    row = feed.rows[0][1]
    assert row.address == "д. 1, кв. 2"
    assert len(row.name) == 300
    assert why(feed) == [(1, "too_long")]


@pytest.mark.parametrize(
    ("said", "excluded"), [("Нет", False), ("нет ", False), ("Да", True), ("с 01.05", True), (None, True)]
)
def test_whatever_is_not_no_means_excluded_from_the_contract(said: str | None, excluded: bool) -> None:
    feed = read(contractor_reader(), {**CONTRACTOR, "Исключен из договора": said})

    assert feed.rows[0][1].excluded is excluded


def test_contacts_without_any_address_are_reported() -> None:
    feed = read(contractor_reader(), {**CONTRACTOR, "Контактные данные подрядчика Email": "уточнить"})

    assert feed.rows[0][1].emails == ()
    assert why(feed) == [(1, "no_addresses")]


def test_a_row_that_cannot_be_read_spares_its_pole_when_the_code_is_legible() -> None:
    feed = read(contractor_reader(), {**CONTRACTOR, "Контактные данные подрядчика Email": 5}, {"Шифр опоры": 5}, "x")

    assert feed.unreadable == {"41960-P-43-1-1"}
    assert feed.unidentified == 2


def test_a_nameless_station_row_is_skipped_without_sparing_its_pole() -> None:
    feed = read(station_reader(), {**STATION, "Имя БС/Оборудование": None})

    assert (feed.notes.skipped, feed.unreadable, feed.unidentified) == (1, set(), 0)


def test_one_station_of_two_operators_is_two_rows() -> None:
    feed = read(station_reader(), STATION, {**STATION, "Оператор": "ПАО «МТС»"}, STATION)

    assert [row.operator for _, row in feed.rows] == ["ООО «Т2»", "ПАО «МТС»"]
    assert feed.notes.skipped == 1


def test_examples_stop_at_twenty_and_the_count_goes_on() -> None:
    feed = read(pole_reader(), *[None] * 500)

    assert (len(feed.notes.examples), feed.notes.skipped) == (20, 500)
