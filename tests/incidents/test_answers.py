"""Who writes into a closed incident is told so once; and no loop of programs makes it more."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from incidents import answers, intake, services
from incidents.codes import code_in_subject
from incidents.models import FailedReaction, Incident, Status
from mailbox import inbox, store
from mailbox.models import BadAddress, Outgoing, Receipt
from mailbox.parsing import parse
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sending(settings) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", DESK


@pytest.fixture
def now() -> datetime:
    """Reactions go by the real clock."""
    return timezone.now()


def arrive(raw: bytes, at: datetime, *, is_old: bool = False, direction: str = "in") -> Receipt:
    receipt = inbox.receive(raw, direction=direction, received_at=at)
    Receipt.objects.filter(pk=receipt.pk).update(is_old=is_old)
    intake.take_all(now=lambda: at)
    receipt.refresh_from_db()
    return receipt


@pytest.fixture
def closed(now: datetime) -> Incident:
    """An incident that a letter opened and a dispatcher closed."""
    opening = arrive(letter(message_id="<opening@operator.example>"), now - timedelta(hours=3))
    assert opening.email is not None
    incident = opening.email.place.incident
    return services._move(
        services.locked(incident), Status.objects.get(key="closed"), by=None, at=now - timedelta(hours=1), reason=""
    )


def reply(**over) -> bytes:
    return letter("Re: Т2 Отсутствует ВЭС", "Питания всё ещё нет.", answers="<opening@operator.example>", **over)


def test_the_first_letter_into_a_closed_incident_is_answered(closed: Incident, now: datetime) -> None:
    arrive(reply(sender="НОК <NOC@operator.example>"), now)

    queued = Outgoing.objects.get()
    assert (queued.state, queued.is_automatic, queued.to_address) == ("queued", True, "noc@operator.example")
    said = parse(store.read(queued.email.sha256))
    assert said.subject == f"Re: {closed.code}: Т2 Отсутствует ВЭС"
    assert f"Инцидент {closed.code} закрыт" in said.reply_text
    assert "ответьте на это письмо" in said.reply_text
    assert queued.email.place.incident == closed
    assert queued.email.place.thread == queued.answers.place.thread
    closed.refresh_from_db()
    assert not closed.is_open
    assert not FailedReaction.objects.exists()


def test_the_second_one_opens_it_and_is_not_answered(closed: Incident, now: datetime) -> None:
    arrive(reply(), now)
    arrive(reply(), now + timedelta(seconds=5))

    closed.refresh_from_db()
    assert closed.is_open
    assert Outgoing.objects.count() == 1


def test_the_answer_to_our_answer_opens_it(closed: Incident, now: datetime) -> None:
    arrive(reply(), now)
    ours = Outgoing.objects.get().email
    arrive(letter(f"Re: {ours.subject}", "Не решено.", answers=ours.message_id), now)

    closed.refresh_from_db()
    assert closed.is_open
    assert closed.letter_count == 4


def test_two_letters_taken_together_open_it_without_an_answer(closed: Incident, now: datetime) -> None:
    for _ in range(2):
        inbox.receive(reply(), direction="in", received_at=now)
    intake.take_all(now=lambda: now)

    closed.refresh_from_db()
    assert closed.is_open
    assert not Outgoing.objects.exists()


@pytest.mark.parametrize("folder", ["out", "in"], ids=["the Sent folder", "the desk's own copy"])
def test_the_copy_of_our_answer_is_known_and_not_answered(closed: Incident, now: datetime, folder: str) -> None:
    arrive(reply(), now)
    ours = Outgoing.objects.get().email
    copied = arrive(b"Received: from relay\r\n" + store.read(ours.sha256), now, direction=folder)

    assert (copied.state, copied.email) == (Receipt.State.COPY, ours)
    assert Outgoing.objects.count() == 1


@pytest.mark.parametrize(
    "headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X-Auto-Response-Suppress": "OOF"}]
)
def test_a_program_is_not_answered(closed: Incident, now: datetime, headers: dict[str, str]) -> None:
    arrive(reply(headers=headers), now)

    assert not Outgoing.objects.exists()


def test_history_is_not_answered(closed: Incident, now: datetime) -> None:
    arrive(reply(), now - timedelta(minutes=10), is_old=True)

    assert not Outgoing.objects.exists()


def test_news_that_power_is_back_needs_no_answer(closed: Incident, now: datetime) -> None:
    arrive(letter("Т2 Отсутствует ВЭС (Закрыто)", answers="<opening@operator.example>"), now)

    assert not Outgoing.objects.exists()


@pytest.mark.parametrize(("name", "value"), [("ANSWER_CLOSED", False), ("EMAIL_HOST", "")])
def test_where_it_is_switched_off_nothing_waits(closed: Incident, now: datetime, settings, name, value) -> None:
    setattr(settings, name, value)
    arrive(reply(), now)

    assert not Outgoing.objects.exists()
    assert not FailedReaction.objects.exists()


def test_the_letter_promises_nothing_that_the_settings_do_not_keep(closed: Incident, now: datetime, settings) -> None:
    settings.REOPEN_AT_LETTER = 5
    arrive(reply(), now)

    assert "будет открыт снова" not in parse(store.read(Outgoing.objects.get().email.sha256)).text


def test_intake_goes_on_when_the_answer_cannot_be_written(
    closed: Incident, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers.outbox, "queue", lambda *_, **__: 1 / 0)

    assert arrive(reply(), now).state == Receipt.State.JOINED
    assert not Outgoing.objects.exists()
    assert FailedReaction.objects.get().path == "incidents.answers.answer_closed"


def test_a_bounce_of_our_answer_makes_its_address_bad(closed: Incident, now: datetime) -> None:
    arrive(reply(), now)
    ours = Outgoing.objects.get().email
    bounce = (
        "From: MAILER-DAEMON@operator.example\r\nTo: desk@towers.example\r\nReturn-Path: <>\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b@operator.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\n<noc@operator.example>: unknown user\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {ours.message_id}\r\n--x--\r\n"
    )
    arrive(bounce.encode(), now)

    assert BadAddress.objects.get().address == "noc@operator.example"


def test_whatever_the_subject_the_answer_carries_this_incidents_code() -> None:
    for subject in ["Re: NT-5: Fwd: NT–6: авария", "NT-7", "", "Авария [NT-8] на NT-9-P-1 NT - 10", "ответ: nt-11:"]:
        ours = answers.composing.answer_subject("NT-200001", subject)
        assert code_in_subject(ours) == "NT-200001", ours
