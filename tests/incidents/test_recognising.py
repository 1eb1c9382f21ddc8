"""What a typed text is taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.codes import signed
from incidents.recognising import Kind, meaning, recognise


def kinds(text: str) -> list[str]:
    return [each.kind.value for each in recognise(text)]


@pytest.mark.parametrize("text", ["NT-163341", "nt 163341", "nt163341", "НТ-163341", "те-163341", "NT–163341"])
def test_a_code_is_known_with_its_prefix_in_any_layout_and_is_nothing_else(text: str) -> None:
    assert [(each.kind, each.normal) for each in recognise(text)] == [(Kind.CODE, "NT-163341")]


def test_a_code_is_known_by_the_subject_of_a_letter_of_ours_whole_or_cut() -> None:
    whole = signed("NT-163341")

    assert [each.normal for each in recognise(whole)] == ["NT-163341"]
    assert [each.normal for each in recognise(whole[:-3])] == ["NT-163341"]


def test_bare_digits_may_be_a_code_a_pole_or_a_station() -> None:
    assert kinds("163341") == ["code", "station", "words"]
    assert kinds("41960") == ["pole", "code", "station", "words"]


@pytest.mark.parametrize("text", ["41960-P-43", "41960-р-43", "41960 P 43", "опора 41960-П-43", "шифр: 41960–P–43"])
def test_a_pole_is_known_by_a_part_of_its_code_in_any_spelling(text: str) -> None:
    found = meaning(text, Kind.POLE)

    assert found is not None
    assert found.normal == "41960-P-43"


@pytest.mark.parametrize("text", ["KI0075", "ki 0075", "КI-0075", "бс KI0075", "БС № KI0075"])
def test_a_station_is_known_by_its_name_in_any_spelling(text: str) -> None:
    found = meaning(text, Kind.STATION)

    assert found is not None
    assert found.normal == "KI0075"


@pytest.mark.parametrize(
    "text",
    ["89125551234", "+7 (912) 555-12-34", "8 912 555 12 34", "912.555.12.34", "тел. 8-912-555-1234", "89125-55-12-34"],
)
def test_a_phone_is_known_in_any_writing(text: str) -> None:
    assert kinds(text) == ["phone", "words"]
    assert recognise(text)[0].normal == "9125551234"


@pytest.mark.parametrize(
    "text", ["41066-11-57-1-2", "41047-1-12345", "81066-11-57-1-2", "79066-11-57-1-2", "41066 11 57 1"]
)
def test_a_pole_of_digits_alone_is_no_phone(text: str) -> None:
    assert kinds(text) == ["pole", "station", "words"]


def test_an_address_and_a_domain_are_known() -> None:
    address, domain = recognise("<NOC@T2.example>")[0], recognise("@T2.example")[0]

    assert (address.kind, address.normal) == (Kind.EMAIL, "noc@t2.example")
    assert (domain.kind, domain.normal) == (Kind.DOMAIN, "t2.example")


@pytest.mark.parametrize("text", ["отсутствует питание", "опора", "бригада выехала в 10:30", "ВЭС нет", "“нет связи”"])
def test_anything_else_is_words(text: str) -> None:
    assert kinds(text) == ["words"]


def test_an_empty_text_means_nothing() -> None:
    assert recognise(" \0 ") == []


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_whatever_is_no_code_is_words_too(text: str) -> None:
    found = recognise(text)

    assert all(each.normal for each in found)
    assert not found or found[0].kind == Kind.CODE or found[-1].kind == Kind.WORDS
