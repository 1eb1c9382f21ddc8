"""Corrections of readings: what they change, what they keep, and whether the rules have learned."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config import retention
from incidents import intake, reading, services
from incidents.models import Incident, ReadingCase
from mailbox import inbox, store
from mailbox.models import Email
from tests.factories import NOW, make_email, make_pole, make_station, make_user
from tests.written import letter

pytestmark = pytest.mark.django_db

ONE, OTHER = "41960-P-43-1-1", "53852-11-77-1-2"


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def arrive(raw: bytes) -> Email:
    receipt = inbox.receive(raw, direction=Email.Direction.IN, received_at=NOW)
    assert intake.take_next(NOW)
    receipt.refresh_from_db()
    assert receipt.email
    return receipt.email


def correct(email: Email, **said: Any) -> Incident | None:
    facts: dict[str, Any] = {
        "pole": None, "station": None, "kind": "", "note": "", "by": make_user(), "at": NOW, **said,
    }  # fmt: skip
    return reading.correct(email, reading.look(email).match, **facts)


def marked(section: reading.Section) -> list[tuple[str, str, int]]:
    return [(piece.text, piece.mark, piece.number) for piece in section.text if piece.mark]


def test_every_part_of_the_letter_is_shown_with_what_was_read_in_it():
    make_station("KI000075", make_pole(ONE))
    make_pole(OTHER)
    text = f"Нет питания на KI0075.\n\nС уважением, дежурный\n\n18.08.2026, 10:00, <a@b.example>:\n> было {OTHER}"

    read = reading.look(arrive(letter(f"Т2 Отсутствует ВЭС {ONE}", text)))

    by_name = {section.name: section for section in read.sections}
    assert marked(by_name["subject"])[0][:2] == (ONE, "read")
    assert marked(by_name["reply"])[0][:2] == ("KI0075", "read")
    assert marked(by_name["quote"]) == [(OTHER, "out", 0)]
    assert not by_name["quote"].is_asked
    assert "".join(piece.text for piece in by_name["quote"].text) == read.parsed.quoted_text


def test_each_mark_has_the_number_of_its_reason():
    make_station("KI000075", make_pole(ONE))
    read = reading.look(arrive(letter(f"KI0075 {ONE}", "На KI000075 нет питания")))
    numbers = {number for section in read.sections for _text, _mark, number in marked(section)}
    assert numbers == {reason.number for reason in read.reasons} == {1, 2}


def test_a_correction_gives_the_incident_its_site_and_is_kept_as_a_case():
    pole, somebody = make_pole(ONE), make_user()
    email = arrive(letter("Отсутствует ВЭС на объекте у реки"))

    incident = correct(email, pole=pole, note="по телефону", by=somebody)

    assert incident is not None
    assert (incident.pole, incident.events.last().actor) == (pole, somebody)
    case = ReadingCase.objects.get()
    assert (case.pole_code, case.note, case.author) == (ONE, "по телефону", somebody)
    assert case.read_as["pole_code"] is None


def test_a_second_correction_replaces_the_first_one_and_the_site():
    one, other = make_pole(ONE), make_pole(OTHER)
    email = arrive(letter("Отсутствует ВЭС"))
    correct(email, pole=one)

    incident = correct(email, pole=other)

    assert incident is not None
    assert incident.pole == other
    assert ReadingCase.objects.get().pole_code == OTHER


def test_a_site_that_a_person_named_by_hand_stays():
    one, other = make_pole(ONE), make_pole(OTHER)
    email = arrive(letter("Отсутствует ВЭС"))
    services.link_asset(Incident.objects.get(), pole=other, station=None, by=make_user(), at=NOW)

    assert correct(email, pole=one) is None
    assert Incident.objects.get().pole == other
    assert ReadingCase.objects.get().pole_code == ONE


def test_a_letter_the_site_was_not_chosen_by_changes_nothing():
    pole, other = make_pole(ONE), make_pole(OTHER)
    arrive(letter(f"Отсутствует ВЭС {ONE}", message_id="<1@operator.example>"))
    answer = arrive(letter("Re: питание", "Когда дадут свет?", answers="<1@operator.example>"))

    assert correct(answer, pole=other) is None
    assert Incident.objects.get().pole == pole


def test_the_answer_that_named_the_site_is_the_one_whose_correction_counts():
    make_pole(ONE)
    other = make_pole(OTHER)
    first = arrive(letter("Отсутствует ВЭС", message_id="<1@operator.example>"))
    answer = arrive(letter("Re: ВЭС", f"Это {ONE}", answers="<1@operator.example>"))

    assert not reading.look(first).decides
    assert reading.look(answer).decides
    changed = correct(answer, pole=other)

    assert changed is not None
    assert changed.pole == other


def test_saying_that_there_is_no_site_takes_it_away():
    make_pole(ONE)
    email = arrive(letter(f"Отсутствует ВЭС {ONE}"))

    changed = correct(email)

    assert changed is not None
    assert (changed.pole, changed.contractor) == (None, None)
    assert not reading.judge(ReadingCase.objects.get()).passes


def test_a_case_passes_once_the_registry_knows_the_site():
    email = arrive(letter(f"Отсутствует ВЭС {ONE}"))
    ReadingCase.objects.create(email=email, pole_code=ONE)
    assert not reading.judge(ReadingCase.objects.get()).passes

    make_pole(ONE)

    assert reading.judge(ReadingCase.objects.get()).passes


@pytest.mark.parametrize(("kind", "passes"), [("", True), ("human", True), ("bounce", False)])
def test_a_case_may_say_what_kind_the_letter_is(kind, passes):
    case = ReadingCase.objects.create(email=arrive(letter()), kind=kind)
    assert reading.judge(case).passes is passes


def test_a_case_whose_letter_is_gone_does_not_pass():
    email = arrive(letter())
    case = ReadingCase.objects.create(email=email)
    store.path(email.sha256).unlink()

    verdict = reading.judge(case)

    assert verdict.is_gone
    assert not verdict.passes


def test_what_was_read_when_it_came_is_told_where_it_differs():
    email = arrive(letter(f"Отсутствует ВЭС {ONE}"))
    make_pole(ONE)

    read = reading.look(email)

    assert read.differs
    assert (read.match.pole_code, (read.then or {})["pole_code"]) == (ONE, None)


def test_a_letter_without_incident_that_is_a_case_is_kept_for_good(settings):
    keep = timedelta(days=settings.UNJOINED_LETTER_KEEP_DAYS)
    case = ReadingCase.objects.create(email=make_email(received_at=NOW - keep - timedelta(days=1)))
    other = make_email(received_at=NOW - keep - timedelta(days=1))

    retention.sweep(now=NOW, delete=True)

    assert list(Email.objects.all()) == [case.email]
    assert not Email.objects.filter(pk=other.pk).exists()
