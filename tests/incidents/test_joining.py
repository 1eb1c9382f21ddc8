"""Where a letter belongs, and what is left to a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import codes, gathering, intake
from incidents.joining import speaks_of_something_else
from incidents.models import Incident, IncidentEmail, Suggestion
from mailbox import inbox
from mailbox.models import Email, Receipt
from tests.factories import NOW, make_email, make_incident, make_pole
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db

FIRST = "<first@operator.example>"


def take(raw: bytes, *, out: bool = False, is_old: bool = False) -> Receipt:
    receipt = inbox.receive(raw, direction=Email.Direction.OUT if out else Email.Direction.IN, received_at=NOW)
    Receipt.objects.filter(pk=receipt.pk).update(is_old=is_old)
    assert intake.take_next(NOW)
    receipt.refresh_from_db()
    return receipt


def suggested(receipt: Receipt) -> list[tuple[str, str | None]]:
    rows = Suggestion.objects.filter(email=receipt.email).select_related("other").order_by("pk")
    return [(row.kind, row.other.code if row.other else None) for row in rows]


def test_a_strangers_code_opens_an_incident_that_perhaps_belongs_to_the_other():
    take(letter(message_id=FIRST))
    other = Incident.objects.get()
    receipt = take(letter(f"{other.code}: дайте доступ", sender="stranger@elsewhere.example"))
    assert receipt.state == "opened"
    assert suggested(receipt) == [("perhaps", other.code)]
    assert Suggestion.objects.get().incident == receipt.email.place.incident


def test_a_signed_code_is_believed_from_anybody_who_is_then_marked_as_new():
    take(letter())
    incident = Incident.objects.get()
    receipt = take(letter(f"Re: {codes.signed(incident.code)}: питание", sender="stranger@elsewhere.example"))
    place = IncidentEmail.objects.get(email=receipt.email)
    assert (place.incident, place.way, place.is_newcomer) == (incident, "code", True)


def test_a_badly_signed_code_is_no_code():
    incident = make_incident()
    receipt = take(letter(f"Re: {incident.code}-AAAAAA: питание", sender=incident.requester_email))
    assert receipt.state == "opened"


def test_a_letter_to_the_desks_signed_address_joins_whatever_its_subject():
    take(letter())
    incident = Incident.objects.get()
    to = f"desk+{codes.signed(incident.code).lower()}@towers.example"
    receipt = take(letter("без темы", sender="stranger@elsewhere.example", to=to))
    assert receipt.email.place.incident == incident


def test_a_code_in_somebody_elses_plus_address_proves_nothing():
    incident = make_incident()
    to = f"desk+{codes.signed(incident.code)}@elsewhere.example"
    assert take(letter("без темы", sender="stranger@elsewhere.example", to=to)).state == "opened"


def test_references_win_against_the_code_and_the_conflict_is_kept():
    take(letter("авария А", message_id=FIRST))
    first = Incident.objects.get()
    other = make_incident()
    receipt = take(letter(f"Re: {other.code} авария А", answers=FIRST))
    assert receipt.email.place.incident == first
    assert suggested(receipt) == [("conflict", other.code)]


def test_a_letter_that_answers_two_incidents_joins_one_and_proposes_to_merge():
    take(letter("авария один", message_id=FIRST))
    take(letter("авария два", message_id="<second@operator.example>"))
    first, second = Incident.objects.order_by("pk")
    receipt = take(letter("Re: авария один", answers=FIRST, references="<second@operator.example> " + FIRST))
    assert receipt.email.place.incident == first
    assert suggested(receipt) == [("bridge", second.code)]


def test_an_answer_with_another_matter_in_its_subject_asks_to_be_split_off():
    take(letter("Отсутствует ВЭС на объекте", message_id=FIRST))
    receipt = take(letter("Re: график отключений августа", answers=FIRST))
    assert receipt.state == "joined"
    assert suggested(receipt) == [("split", None)]


@pytest.mark.parametrize(
    ("subject", "before", "other"),
    [
        ("Re: Отсутствует ВЭС KI0075", "Отсутствует ВЭС KI0075", False),
        ("Отв: ВЭС на KI0075, бригада выехала", "Отсутствует ВЭС KI0075", False),
        ("Re:", "Отсутствует ВЭС KI0075", False),
        ("Доступ на 15 августа", "Отсутствует ВЭС KI0075", True),
        ("Fwd: FW: отсутствует вэс", "Отсутствует ВЭС (Закрыто)", False),
    ],
)
def test_what_counts_as_another_matter(subject: str, before: str, other: bool):
    assert speaks_of_something_else(subject, before) == other


def test_who_answers_for_the_first_time_from_another_company_is_marked():
    take(letter(message_id=FIRST))
    stranger = take(letter("Re: ВЭС", answers=FIRST, sender="crew@contractor.example"))
    colleague = take(letter("Re: ВЭС", answers=FIRST, sender="boss@operator.example"))
    assert IncidentEmail.objects.get(email=stranger.email).is_newcomer
    assert not IncidentEmail.objects.get(email=colleague.email).is_newcomer


def test_the_code_of_a_merged_incident_leads_to_where_it_went():
    target = make_incident()
    merged = make_incident(merged_into=target, closed_at=NOW, status="closed")
    receipt = take(letter(f"Re: {merged.code}: вопрос", sender=target.requester_email))
    assert receipt.email.place.incident == target


def test_a_bounce_finds_the_incident_of_the_letter_that_bounced():
    incident = make_incident()
    ours = make_email(message_id="<ours@towers.example>", direction="out")
    incident.letters.create(email=ours, way="hand", thread=ours.pk)
    ours.thread_ids.create(message_id=ours.message_id)
    raw = (
        b"Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.example\r\nTo: desk@towers.example\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b1@relay.example>\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nuser unknown\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@towers.example>\r\n\r\nx\r\n--b--\r\n"
    )
    receipt = take(raw)
    assert (receipt.email.kind, receipt.email.place.incident) == ("bounce", incident)


def test_thousands_of_letters_under_one_made_up_id_cost_one_row_each_incident(django_assert_max_num_queries):
    incident = make_incident()
    for _ in range(30):
        email = make_email()
        incident.letters.create(email=email, way="thread", thread=email.pk)
        email.thread_ids.create(message_id="<all@robot.example>")
    receipt = take(letter(answers="<all@robot.example>"))
    assert receipt.email.place.incident == incident


def test_history_is_stored_closed_and_alarms_nobody():
    pole = make_pole("41960-P-43-1-1")
    receipt = take(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1", message_id=FIRST), is_old=True)
    take(letter("Re: ВЭС", answers=FIRST), is_old=True)
    take(letter("Re: и ещё", answers=FIRST), is_old=True)
    incident = Incident.objects.get()
    assert receipt.state == "opened"
    assert (incident.pole, incident.letter_count, incident.assignee) == (pole, 3, None)
    assert not incident.is_open
    assert not incident.has_news
    assert incident.letters_since_closing == 0
    assert not Suggestion.objects.exists()


def test_news_come_before_history():
    old = inbox.receive(letter("старое"), direction="in", received_at=NOW)
    Receipt.objects.filter(pk=old.pk).update(is_old=True)
    new = inbox.receive(letter("новое"), direction="in", received_at=NOW)
    assert intake.take_next(NOW)
    new.refresh_from_db()
    assert new.state == "opened"


def test_a_sender_who_floods_is_kept_beyond_the_limit(settings):
    settings.INCIDENTS_PER_SENDER_HOUR = 3
    for number in range(5):
        inbox.receive(letter(f"авария {number}", f"текст {number}"), direction="in", received_at=NOW)
    intake.take_some(NOW)
    kept = Receipt.objects.filter(state="kept")
    assert [receipt.rule for receipt in kept] == ["flood", "flood"]
    assert Incident.objects.count() == 3


def test_an_incident_that_is_flooded_takes_letters_quietly(settings):
    settings.LETTERS_PER_INCIDENT_HOUR = 3
    take(letter(message_id=FIRST))
    for _ in range(3):
        take(letter("Re: ВЭС", answers=FIRST))
    incident = Incident.objects.get()
    Incident.objects.update(has_news=False)
    take(letter("Re: ВЭС", answers=FIRST))
    incident.refresh_from_db()
    assert (incident.letter_count, incident.has_news) == (5, False)


def test_what_waited_for_what_waited_joins_as_well():
    bounce = take(letter("Автоответ", answers="<ours@towers.example>", headers={"Auto-Submitted": "auto-replied"}))
    ours = take(letter("Re: ВЭС", sender=DESK, message_id="<ours@towers.example>", answers=FIRST), out=True)
    assert (bounce.state, ours.state) == ("kept", "kept")
    take(letter(message_id=FIRST))
    assert Incident.objects.get().letter_count == 3
    bounce.refresh_from_db()
    assert bounce.state == "joined"


def test_a_kept_letter_that_was_overlooked_is_swept_into_its_conversation():
    take(letter(message_id=FIRST))
    incident = Incident.objects.get()
    auto = make_email(message_id="<auto@operator.example>", kind="autoreply")
    auto.thread_ids.create(message_id=FIRST)
    auto.thread_ids.create(message_id=auto.message_id)
    receipt = Receipt.objects.create(
        direction="in", size=1, received_at=NOW, state="kept", rule="automatic", email=auto, sha256=auto.sha256
    )
    assert gathering.sweep(NOW) == 1
    assert gathering.sweep(NOW) == 0
    receipt.refresh_from_db()
    assert (receipt.state, auto.place.incident) == ("joined", incident)


def test_the_end_of_an_outage_waits_while_an_earlier_letter_is_being_taken():
    make_pole("41960-P-43-1-1")
    opening = inbox.receive(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1"), direction="in", received_at=NOW)
    end = inbox.receive(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1 (Закрыто)"), direction="in", received_at=NOW)
    Receipt.objects.filter(pk=opening.pk).update(next_try_at=NOW + timedelta(seconds=5))  # somebody else has it
    assert intake.take_some(NOW) == 0
    end.refresh_from_db()
    assert end.state == "new"
    Receipt.objects.filter(pk=opening.pk).update(next_try_at=None)
    assert intake.take_some(NOW) == 2
    assert Incident.objects.get().power_back_at == NOW
