"""What a letter becomes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import intake, services
from incidents.models import Incident, IncidentEmail, Status
from mailbox import inbox
from mailbox.models import Email, Receipt
from tests.factories import NOW, make_incident, make_pole, make_station, make_user
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db


def take(raw: bytes, *, out: bool = False, at=NOW) -> Receipt:
    direction = Email.Direction.OUT if out else Email.Direction.IN
    receipt = inbox.receive(raw, direction=direction, received_at=at)
    assert intake.take_next(at)
    receipt.refresh_from_db()
    return receipt


def the_incident() -> Incident:
    return Incident.objects.get()


def test_a_letter_opens_an_incident_with_its_site_and_gives_it_to_the_freest():
    pole = make_pole("41960-P-43-1-1")
    make_station("KI000075", pole)
    busy, free = make_user(), make_user()
    make_incident(assignee=busy)

    receipt = take(letter("Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1"))

    incident = Incident.objects.latest("pk")
    assert receipt.state == "opened"
    assert (incident.pole, incident.base_station.name, incident.contractor) == (pole, "KI000075", pole.contractor)
    assert (incident.operator.name, incident.assignee, incident.status.key) == ("Т2", free, "new")
    assert [event.kind for event in incident.events.order_by("pk")] == ["opened", "site_linked", "assigned"]


def test_a_koi8_letter_with_look_alikes_finds_its_pole():
    pole = make_pole("41960-P-43-1-1")
    take(letter("Отключение ЭП", "Нет питания на опоре 41960-Р-43-1-1.", charset="koi8-r"))
    assert the_incident().pole == pole


def test_a_reply_with_a_changed_subject_joins_its_incident():
    take(letter(message_id="<first@operator.example>"))
    receipt = take(letter("совсем другая тема", answers="<first@operator.example>"))
    assert receipt.state == "joined"
    assert the_incident().letter_count == 2


def test_an_answer_that_overtook_its_letter_shares_the_incident_and_the_earlier_moment():
    take(letter("Re: авария", answers="<late@operator.example>"), at=NOW + timedelta(minutes=5))
    take(letter("авария", message_id="<late@operator.example>"), at=NOW)
    assert the_incident().opened_at == NOW
    assert the_incident().letter_count == 2


def test_two_answers_to_a_letter_we_never_got_are_one_incident():
    take(letter(answers="<unseen@operator.example>"))
    take(letter(answers="<unseen@operator.example>"))
    assert the_incident().letter_count == 2


def test_the_same_letter_twice_is_one_letter():
    raw = letter()
    take(raw)
    assert take(raw).state == "copy"
    assert the_incident().letter_count == 1


def test_one_message_id_on_two_different_letters_loses_neither_and_glues_nothing():
    take(letter("авария один", "первая", message_id="<same@robot.example>"))
    take(letter("авария два", "вторая", message_id="<same@robot.example>"))
    assert Incident.objects.count() == 2


def test_our_sent_letter_joins_and_never_opens():
    kept = take(letter("О поставке", sender=DESK, to="shop@other.example"), out=True)
    take(letter(message_id="<first@operator.example>"))
    joined = take(letter("Re: ВЭС", sender=DESK, answers="<first@operator.example>"), out=True)
    assert (kept.state, joined.state) == ("kept", "joined")
    assert the_incident().letters.get(email=joined.email).email.direction == "out"


def test_a_sent_letter_that_came_before_its_question_joins_it_later():
    early = take(letter("Re: ВЭС", sender=DESK, answers="<first@operator.example>"), out=True)
    take(letter("ВЭС", message_id="<first@operator.example>"))
    early.refresh_from_db()
    assert early.state == "joined"
    assert the_incident().letter_count == 2


def test_a_code_in_the_subject_is_believed_from_who_takes_part():
    take(letter(cc="energo@operator.example"))
    code = the_incident().code
    receipt = take(letter(f"Отв: {code}: питание", sender="boss@operator.example"))
    assert receipt.state == "joined"
    assert IncidentEmail.objects.get(email=receipt.email).way == "code"


def test_a_code_in_the_subject_is_not_believed_from_a_stranger():
    take(letter())
    code = the_incident().code
    take(letter(f"{code}: дайте доступ", sender="stranger@elsewhere.example"))
    assert Incident.objects.count() == 2


def test_power_is_back_joins_the_open_incident_of_the_site():
    make_pole("41960-P-43-1-1")
    take(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1"))
    receipt = take(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1 (Закрыто)"), at=NOW + timedelta(hours=2))
    assert receipt.state == "joined"
    assert the_incident().power_back_at == NOW + timedelta(hours=2)


def test_an_unknown_code_is_an_error_that_says_what_is_wrong():
    take(letter("Т2 Отсутствует ВЭС 99999-P-43-1-1"))
    incident = the_incident()
    assert incident.status.key == "error"
    assert "99999-P-43-1-1" in incident.error_reason


def test_a_station_on_another_pole_is_a_conflict_for_the_dispatcher():
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    make_pole("53852-11-77-1-2")
    take(letter("Т2 Отсутствует ВЭС KI0075/53852-11-77-1-2"))
    incident = the_incident()
    assert (incident.pole, incident.status.key) == (None, "error")


def test_an_answer_may_say_what_the_first_letter_did_not():
    pole = make_pole("41960-P-43-1-1")
    take(letter("Нет питания", message_id="<first@operator.example>"))
    take(letter("Re: Нет питания", "Опора 41960-P-43-1-1", answers="<first@operator.example>"))
    assert the_incident().pole == pole


def test_an_out_of_office_note_opens_nothing():
    receipt = take(letter("Автоответ: я в отпуске", headers={"Auto-Submitted": "auto-replied"}))
    assert receipt.state == "kept"
    assert not Incident.objects.exists()


def test_the_second_letter_after_closing_opens_the_incident_again():
    take(letter(message_id="<first@operator.example>"))
    person = make_user()
    services.change_status(the_incident(), Status.objects.get(key="inProgress"), by=person, at=NOW)
    services.change_status(the_incident(), Status.objects.get(key="closed"), by=person, at=NOW)
    take(letter("Re: спасибо", answers="<first@operator.example>"))
    assert not the_incident().is_open
    take(letter("Re: опять нет", answers="<first@operator.example>"))
    assert the_incident().is_open


def test_a_letter_that_fails_waits_is_quarantined_at_last_and_stops_nobody(monkeypatch):
    broken = inbox.receive(letter("сломанное"), direction="in", received_at=NOW)
    monkeypatch.setattr(intake.sites, "read", lambda parsed: 1 / 0)
    now = NOW
    for pause in (timedelta(0), *inbox.PLAN):
        now += pause
        intake.take_all(lambda: now)  # noqa: B023 - called at once
        broken.refresh_from_db()
    assert broken.state == "quarantined"
    assert "ZeroDivisionError" in broken.reason
    monkeypatch.undo()
    assert take(letter()).state == "opened"


def test_letters_without_message_id_are_kept_apart_by_their_bytes():
    take(letter("одно", message_id=""))
    take(letter("другое", message_id=""))
    assert Incident.objects.count() == 2
