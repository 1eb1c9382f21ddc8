"""Who may be answered by a program, and how often."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from mailbox import bounces
from mailbox.answering import Refusal, may_answer
from mailbox.models import Email, Outgoing, Receipt, ThreadId
from tests.factories import NOW, make_email

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sending(settings) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"


def make_sent(to: str = "noc@operator.example", *, minutes_ago: float = 0, **over: Any) -> Outgoing:
    """An automatic letter of ours."""
    email = make_email(direction=Email.Direction.OUT, from_email="desk@towers.example", to=[{"email": to}])
    at = NOW - timedelta(minutes=minutes_ago)
    return Outgoing.objects.create(email=email, to_address=to, is_automatic=True, queued_at=at, **over)


def test_a_persons_letter_may_be_answered() -> None:
    assert may_answer(make_email(), now=NOW) is None


def test_without_a_server_nothing_is_answered(settings) -> None:
    settings.EMAIL_HOST = ""

    assert may_answer(make_email(), now=NOW) is Refusal.OFF


@pytest.mark.parametrize(
    "over",
    [
        {"auto_reasons": ["auto-submitted: auto-generated"]},
        {"auto_reasons": ["x-dispatch-loop"]},
        {"kind": Email.Kind.AUTOREPLY},
        {"kind": Email.Kind.BOUNCE},
    ],
)
def test_no_letter_of_a_program_is_answered(over: dict[str, Any]) -> None:
    assert may_answer(make_email(**over), now=NOW) is Refusal.AUTOMATIC


@pytest.mark.parametrize(
    "over",
    [
        {"from_email": "desk@towers.example"},
        {"from_email": "desk+NT-1-ABCDEF@towers.example"},
        {"reply_to": [{"email": "Desk@towers.example"}]},
        {"direction": Email.Direction.OUT},
    ],
)
def test_the_desk_never_answers_itself(over: dict[str, Any]) -> None:
    assert may_answer(make_email(**over), now=NOW) is Refusal.OURS


@pytest.mark.parametrize("address", ["", "noc", "noc@", "noc@operator", "нок@operator.example", "a b@operator.example"])
def test_an_address_that_is_none_gets_nothing(address: str) -> None:
    assert may_answer(make_email(from_email=address), now=NOW) is Refusal.NOBODY


def test_history_is_not_answered() -> None:
    old = make_email(received_at=NOW - timedelta(days=1, minutes=1))
    fresh = make_email()
    Receipt.objects.create(direction="in", sha256=fresh.sha256, size=1, received_at=NOW, is_old=True, email=fresh)

    assert may_answer(old, now=NOW) is Refusal.OLD
    assert may_answer(fresh, now=NOW) is Refusal.OLD


def test_one_address_gets_one_letter_an_hour() -> None:
    make_sent(minutes_ago=59)

    assert may_answer(make_email(), now=NOW) is Refusal.SENDER
    assert may_answer(make_email(from_email="NOC+1@operator.example"), now=NOW) is Refusal.SENDER
    assert may_answer(make_email(from_email="boss@operator.example"), now=NOW) is None
    assert may_answer(make_email(), now=NOW + timedelta(minutes=1)) is None


def test_one_conversation_gets_so_many_a_day(settings) -> None:
    settings.AUTO_ANSWERS_PER_INCIDENT_DAY = 2
    for number in range(2):
        make_sent(f"robot{number}@operator.example", minutes_ago=23 * 60)
    beside = Outgoing.objects.all()

    assert may_answer(make_email(), now=NOW, conversation=beside) is Refusal.CONVERSATION
    assert may_answer(make_email(), now=NOW, conversation=beside.none()) is None
    assert may_answer(make_email(received_at=NOW), now=NOW + timedelta(hours=2), conversation=beside) is None


def test_the_brake_stops_all_and_says_so(settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.AUTO_ANSWERS_PER_HOUR = 3
    for number in range(3):
        make_sent(f"robot{number}@operator.example", minutes_ago=59)

    assert may_answer(make_email(), now=NOW) is Refusal.BRAKE
    assert "brake" in caplog.text
    assert may_answer(make_email(), now=NOW + timedelta(minutes=1)) is None


def test_letters_that_a_person_wrote_count_for_nothing() -> None:
    sent = make_sent()
    Outgoing.objects.filter(pk=sent.pk).update(is_automatic=False)

    assert may_answer(make_email(), now=NOW) is None


def bounce_of(letter: Email, text: str) -> Email:
    bounce = make_email(kind=Email.Kind.BOUNCE, from_email="mailer-daemon@operator.example", text=text)
    ThreadId.objects.create(email=bounce, message_id=letter.message_id)
    return bounce


def test_an_address_that_a_letter_came_back_from_gets_no_other() -> None:
    ours = make_sent("gone@operator.example", minutes_ago=90).email
    bounces.note(bounce_of(ours, "550 5.1.1 no such user"), now=NOW)

    assert may_answer(make_email(from_email="Gone@operator.example"), now=NOW) is Refusal.BAD_ADDRESS
    assert may_answer(make_email(), now=NOW) is None
    later = NOW + timedelta(days=31)
    assert may_answer(make_email(from_email="gone@operator.example", received_at=later), now=later) is None


def test_of_several_recipients_the_one_the_bounce_names_is_bad() -> None:
    ours = make_email(
        direction=Email.Direction.OUT,
        from_email="desk@towers.example",
        to=[{"email": "a@operator.example"}, {"email": "gone@operator.example"}],
        cc=[{"email": "desk@towers.example"}],
    )
    text = "<gone@operator.example>: unknown user\n\nFrom: desk@towers.example\nTo: a@operator.example"

    assert bounces.note(bounce_of(ours, text), now=NOW) == ["gone@operator.example"]


def test_a_bounce_of_somebody_elses_letter_marks_nobody() -> None:
    assert bounces.note(bounce_of(make_email(), "unknown user"), now=NOW) == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_at_the_same_moment_do_not_both_answer() -> None:
    first, second = make_email(), make_email()
    said: list[Refusal | None] = []

    def other() -> None:
        with transaction.atomic():
            said.append(may_answer(second, now=NOW))
        connection.close()

    with transaction.atomic():
        said.append(may_answer(first, now=NOW))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=10)

    assert said == [None, Refusal.SENDER]
