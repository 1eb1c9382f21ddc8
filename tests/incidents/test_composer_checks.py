"""Questions before a letter leaves: what is a slip, what is none, and that an answered one is asked no more."""

from __future__ import annotations

from typing import Any

import pytest

from incidents import composer_checks as checks
from incidents.composer_checks import Circle
from incidents.models import Incident, IncidentEmail
from incidents.reply_forms import Said
from mailbox.composing import Person
from mailbox.models import BadAddress
from tests.factories import NOW, make_email, make_incident, make_pole
from towers.models import Operator

OWN = "41960-P-43-1-1"


def said(text: str = "Бригада выехала.", to: str = "noc@operator.example", **over: Any) -> Said:
    return Said(kind="reply", text=text, subject="ВЭС", to=(Person("", to),), **over)


@pytest.mark.parametrize(
    "text",
    [
        "Акт во вложении.",
        "См. вложение",
        "Прикрепляю фото",
        "Фото прикрепил.",
        "Прилагаю акт",
        "Прилагается схема",
        "Документы приложены",
        "в приложении список",
        "Please see attached.",
        "The act is enclosed",
    ],
)
def test_words_of_files_without_a_file_are_asked_about(text: str) -> None:
    assert [each.key for each in checks.of_missing_files(text, has_files=False)] == ["files"]
    assert not list(checks.of_missing_files(text, has_files=True))


@pytest.mark.parametrize(
    "text", ["Прилагаем все усилия.", "приложим максимальные усилия", "Ключи положены у входа", "Бригада выехала"]
)
def test_other_words_are_not(text: str) -> None:
    assert not list(checks.of_missing_files(text, has_files=False))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Срок: {{ deadline }}", "{{ deadline }}"),
        ("Прибытие в ___", "___"),
        ("Прибытие в ХХ:ХХ", "ХХ"),
        ("код XXX", "XXX"),
        ("будет в ???", "???"),
        ("{% if pole %}", "{% if pole %}"),
    ],
)
def test_what_was_to_be_filled_in_is_named(text: str, found: str) -> None:
    assert [each.key for each in checks.of_unfilled(text)][:1] == [f"unfilled {found}"]


@pytest.mark.parametrize("text", ["Точно? Да!", "снято_с_аварии", "Ха-ха", "21.08 в 15:00…"])
def test_what_only_looks_so_is_not(text: str) -> None:
    assert not list(checks.of_unfilled(text))


def test_a_company_that_takes_part_is_known_with_all_its_people_and_a_public_domain_is_none() -> None:
    circle = Circle(frozenset({"ivan@mail.ru", "noc@operator.example"}), frozenset({"operator.example"}))
    addresses = ["noc@operator.example", "new@operator.example", "a@north.operator.example", "ivan@mail.ru"]

    asked = checks.of_strangers([*addresses, "petr@mail.ru", "x@fakeoperator.example"], circle)

    assert [each.address for each in asked] == ["petr@mail.ru", "x@fakeoperator.example"]


# --- With the incident ------------------------------------------------------------------------


@pytest.fixture
def incident(db: None) -> Incident:
    operator = Operator.objects.create(name="ООО «Т2 Мобайл»", group="tele2", domains=["operator.example"])
    Operator.objects.create(name="ПАО «МТС»", group="mts", domains=["mts.example"])
    pole = make_pole(OWN, contractor_emails=["avr@contractor.example"])
    made = make_incident(operator=operator, pole=pole, requester_email="noc@operator.example")
    IncidentEmail.objects.create(incident=made, email=make_email(), way="opened", thread=1)
    return made


def keys(incident: Incident, letter: Said, **over: Any) -> list[str]:
    found = checks.questions(incident, letter, **{"has_files": False, "now": NOW, **over})
    return [each.key for each in found]


@pytest.mark.parametrize("to", ["noc@operator.example", "else@operator.example", "avr@contractor.example"])
def test_nothing_is_asked_about_a_letter_to_whoever_takes_part(incident: Incident, to: str) -> None:
    assert keys(incident, said(to=to)) == []


def test_the_gravest_question_comes_first(incident: Incident) -> None:
    letter = said("Акт во вложении", to="x@stranger.example", copies=(Person("", "noc@mts.example"),))

    found = checks.questions(incident, letter, has_files=False, now=NOW)

    assert [each.key for each in found] == ["operator noc@mts.example", "stranger x@stranger.example", "files"]
    assert [each.is_grave for each in found] == [True, False, False]
    assert "ПАО «МТС»" in found[0].text
    assert "Т2" in found[0].text


def test_legal_names_of_one_group_are_one_operator(incident: Incident) -> None:
    Operator.objects.create(name="АО «Т2 Север»", group="tele2", domains=["north.example"])

    assert keys(incident, said(to="noc@north.example")) == ["stranger noc@north.example"]


def test_whoever_of_another_operator_takes_part_already_is_asked_about_no_more(incident: Incident) -> None:
    email = make_email(from_email="noc@mts.example")
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=1)

    assert keys(incident, said(to="noc@mts.example")) == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"На опоре {OWN} нет питания", []),
        (f"На опоре {OWN.lower()} нет питания", []),
        ("На опоре 41961-P-43-1-1 нет питания", ["pole 41961-P-43-1-1"]),
        (f"Опоры {OWN} и 41961-P-43-1-1", ["pole 41961-P-43-1-1"]),
    ],
)
def test_another_pole_in_the_words_is_asked_about(incident: Incident, text: str, asked: list[str]) -> None:
    make_pole("41961-P-43-1-1")

    assert keys(incident, said(text)) == asked


def test_a_card_without_a_pole_contradicts_nothing(incident: Incident) -> None:
    make_pole("41961-P-43-1-1")
    incident.pole = None

    assert keys(incident, said("На опоре 41961-P-43-1-1 нет питания")) == []


def test_an_address_that_letters_came_back_from_is_named_with_the_reason(incident: Incident) -> None:
    BadAddress.objects.create(address="noc@operator.example", at=NOW, said="550 5.1.1 no such user")

    found = checks.questions(incident, said(to="NOC+1@operator.example"), has_files=False, now=NOW)

    assert [each.key for each in found] == ["bad noc+1@operator.example"]
    assert "no such user" in found[0].text


def test_a_question_that_was_answered_is_asked_no_more(incident: Incident) -> None:
    letter = said("Акт во вложении", to="x@stranger.example")

    assert keys(incident, letter, answered={"files"}) == ["stranger x@stranger.example"]
    assert keys(incident, letter, answered={"files", "stranger x@stranger.example"}) == []
    # About somebody else it is another question.
    assert keys(incident, said(to="y@stranger.example"), answered={"stranger x@stranger.example"}) != []
