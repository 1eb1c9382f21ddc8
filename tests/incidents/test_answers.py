"""Who writes into a closed incident is told so once; and no loop of programs makes it more."""

from __future__ import annotations

import hashlib
import heapq
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest
from django.test import override_settings
from django.utils import timezone

from incidents import answers, intake, services
from incidents.arrivals import attach_email
from incidents.codes import code_in_subject
from incidents.models import FailedReaction, Incident, Status
from mailbox import inbox, store
from mailbox.models import BadAddress, Email, Outgoing, Receipt
from mailbox.parsing import parse
from tests.factories import NOW, make_incident
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


# --- Programs that write to each other -------------------------------------------------------

LOOP_HEADERS = re.compile(rb"(?im)^(?:auto-submitted|x-auto-response-suppress|precedence|x-dispatch-loop):.*\r\n")
DELAY, DAY = timedelta(seconds=20), timedelta(days=1)
_numbers = count(1)
Sent = tuple[bytes, tuple[str, ...]]


@dataclass
class DeskSide:
    """A Dispatch with an incident that is closed for good: every letter into it calls for an answer."""

    address: str
    incident: Incident = field(default_factory=lambda: make_incident(status="closed", closed_at=NOW))

    def receive(self, raw: bytes, at: datetime) -> Sent | None:
        with self._settings():
            reading = inbox.read(inbox.receive(raw, direction="in", received_at=at))
            # One database holds both sides: a letter that one sent is another one where it arrives.
            own_key = hashlib.sha256(f"{self.address} {reading.key}".encode()).hexdigest()
            (stored,) = inbox.store([replace(reading, key=own_key)])
            attach_email(self.incident, stored.email, way="thread", at=at)
            queued = answers.say_it_is_closed(self.incident, stored.email, now=at)
        if queued is None:
            return None
        return store.read(queued.email.sha256), tuple(each["address"] for each in queued.recipients)

    def sent_at(self) -> list[datetime]:
        sent = Outgoing.objects.filter(email__from_email=self.address)
        return sorted(sent.values_list("queued_at", flat=True))

    @contextmanager
    def _settings(self) -> Iterator[None]:
        with override_settings(DESK_ADDRESSES=[self.address], DEFAULT_FROM_EMAIL=self.address):
            yield


@dataclass
class DumbResponder:
    """Answers whatever comes, at once, without a word about being a program."""

    address: str
    changes_address: bool = False
    answered: int = 0

    def receive(self, raw: bytes, at: datetime) -> Sent:
        self.answered += 1
        came = parse(raw)
        sender = f"robot{self.answered}@operator.example" if self.changes_address else self.address
        said = letter(f"Re: {came.subject}", "Я в отпуске.", sender=sender, to=came.from_email, answers=came.message_id)
        return said.replace(b"\n", b"\r\n"), (came.from_email,)


def live_a_day(
    sides: list[DeskSide | DumbResponder], relay: Callable[[bytes], bytes], *, nudge_every: timedelta
) -> None:
    """Letters fly for a day; people nudge each side again and again, so that no loop ends by itself."""
    by_address = {side.address: side for side in sides}
    flying: list[tuple[datetime, int, str, bytes]] = []

    def post(at: datetime, sent: Sent) -> None:
        for to in sent[1]:
            heapq.heappush(flying, (at + DELAY, next(_numbers), to, relay(sent[0])))

    for minute in range(0, int(DAY / timedelta(minutes=1)), int(nudge_every / timedelta(minutes=1))):
        for one, other in zip(sides, reversed(sides), strict=True):
            raw = letter("Авария", "Что с ней?", sender=other.address, to=one.address).replace(b"\n", b"\r\n")
            post(NOW + timedelta(minutes=minute), (raw, (one.address,)))
    while flying and flying[0][0] < NOW + DAY:
        at, _, to, raw = heapq.heappop(flying)
        side = by_address.get(to, sides[-1])
        answer = side.receive(f"Received: by relay; {next(_numbers)}\r\n".encode() + raw, at)
        if answer:
            post(at, answer)


def as_it_is(raw: bytes) -> bytes:
    return b"Return-Path: <>\r\n" + raw if LOOP_HEADERS.search(raw) else raw


def stripped(raw: bytes) -> bytes:
    return LOOP_HEADERS.sub(b"", raw)


def shortest_pause(moments: list[datetime]) -> timedelta:
    return min((later - earlier for earlier, later in pairwise(moments)), default=DAY)


@pytest.fixture
def _by_the_simulated_clock(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reactions would ask the real one; and nobody cuts the power of this test."""
    settings.INCIDENT_REACTIONS = {}
    settings.AUTO_ANSWERS_PER_INCIDENT_DAY = 1000
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.usefixtures("_by_the_simulated_clock")
@pytest.mark.parametrize("relay", [as_it_is, stripped])
def test_two_desks_facing_each_other_for_a_day_write_at_most_once_an_hour(relay: Callable[[bytes], bytes]) -> None:
    ours, theirs = DeskSide("desk@towers.example"), DeskSide("desk@operator.example")

    live_a_day([ours, theirs], relay, nudge_every=timedelta(minutes=30))

    for side in (ours, theirs):
        assert shortest_pause(side.sent_at()) >= timedelta(hours=1)
        assert 20 <= len(side.sent_at()) <= 24
    if relay is as_it_is:
        answered = Email.objects.filter(answers_sent__isnull=False)
        assert not answered.exclude(auto_reasons=[]).exists()
        assert not answered.filter(subject__startswith="Re:").exists()


@pytest.mark.usefixtures("_by_the_simulated_clock")
def test_a_robot_that_answers_everything_is_answered_once_an_hour() -> None:
    desk, robot = DeskSide("desk@towers.example"), DumbResponder("robot@operator.example")

    live_a_day([desk, robot], stripped, nudge_every=timedelta(minutes=30))

    assert shortest_pause(desk.sent_at()) >= timedelta(hours=1)
    assert 20 <= len(desk.sent_at()) <= 24
    assert robot.answered > 48


@pytest.mark.usefixtures("_by_the_simulated_clock")
def test_a_robot_with_a_new_address_each_time_is_stopped_by_the_incidents_own_limit(settings) -> None:
    settings.AUTO_ANSWERS_PER_INCIDENT_DAY = 4
    desk, robot = DeskSide("desk@towers.example"), DumbResponder("robot@operator.example", changes_address=True)

    live_a_day([desk, robot], stripped, nudge_every=timedelta(minutes=60))

    assert len(desk.sent_at()) == 4
