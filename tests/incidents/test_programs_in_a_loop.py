"""Programs that write to each other, for a simulated day: desks, robots, people on vacation. None of it grows.

People nudge each side again and again, so that no loop ends by itself.
"""

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

from incidents import answers
from incidents.arrivals import attach_email
from incidents.models import Incident
from mailbox import composing, inbox, store
from mailbox.composing import Mail, Person
from mailbox.models import Email, Outgoing
from mailbox.parsing import parse
from tests.factories import NOW, make_incident
from tests.written import letter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

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

    def notify(self, address: str, at: datetime) -> Sent:
        """A dispatcher lets the incident's status send its letter."""
        with self._settings():
            words = {"code": self.incident.code, "subject": "Авария", "text": "Принято в работу."}
            composed = composing.notice(None, Mail(**words, to=[Person("", address)], now=at))
        return composed.raw, composed.recipients

    @contextmanager
    def _settings(self) -> Iterator[None]:
        with override_settings(DESK_ADDRESSES=[self.address], DEFAULT_FROM_EMAIL=self.address):
            yield


@dataclass
class DumbResponder:
    """Answers whatever comes, at once, and mostly without a word about being a program."""

    address: str
    changes_address: bool = False
    says_so: bool = False
    answered: int = 0

    def receive(self, raw: bytes, at: datetime) -> Sent:
        self.answered += 1
        came = parse(raw)
        sender = f"robot{self.answered}@operator.example" if self.changes_address else self.address
        marks = {"Auto-Submitted": "auto-replied (vacation)"} if self.says_so else {}
        facts = {"sender": sender, "to": came.from_email, "answers": came.message_id, "headers": marks}
        said = letter(f"Re: {came.subject}", "Я в отпуске.", **facts)
        return said.replace(b"\n", b"\r\n"), (came.from_email,)


Side = DeskSide | DumbResponder


def by_letter(one: Side, other: Side, at: datetime) -> Sent:
    raw = letter("Авария", "Что с ней?", sender=other.address, to=one.address).replace(b"\n", b"\r\n")
    return raw, (one.address,)


def by_notice(one: Side, other: Side, at: datetime) -> Sent:
    return other.notify(one.address, at) if isinstance(other, DeskSide) else by_letter(one, other, at)


def live_a_day(
    sides: list[Side],
    relay: Callable[[bytes], bytes],
    *,
    nudge_every: timedelta,
    nudge: Callable[[Side, Side, datetime], Sent] = by_letter,
) -> None:
    """Letters fly for a day; people nudge each side again and again."""
    by_address = {side.address: side for side in sides}
    flying: list[tuple[datetime, int, str, bytes]] = []

    def post(at: datetime, sent: Sent) -> None:
        for to in sent[1]:
            heapq.heappush(flying, (at + DELAY, next(_numbers), to, relay(sent[0])))

    for minute in range(0, int(DAY / timedelta(minutes=1)), int(nudge_every / timedelta(minutes=1))):
        for one, other in zip(sides, reversed(sides), strict=True):
            at = NOW + timedelta(minutes=minute)
            post(at, nudge(one, other, at))
    while flying and flying[0][0] < NOW + DAY:
        at, _, to, raw = heapq.heappop(flying)
        side = by_address.get(to, sides[-1])
        answer = side.receive(f"Received: by relay; {next(_numbers)}\r\n".encode() + raw, at)
        if answer:
            post(at, answer)


def as_it_is(raw: bytes) -> bytes:
    """What was sent without a return path arrives so; notices have one."""
    return b"Return-Path: <>\r\n" + raw if b"\r\nPrecedence:" in raw else raw


def stripped(raw: bytes) -> bytes:
    return LOOP_HEADERS.sub(b"", raw)


def shortest_pause(moments: list[datetime]) -> timedelta:
    return min((later - earlier for earlier, later in pairwise(moments)), default=DAY)


@pytest.fixture
def _by_the_simulated_clock(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reactions would ask the real one; and nobody cuts the power of this test."""
    settings.EMAIL_HOST = "smtp.towers.example"
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


@pytest.mark.usefixtures("_by_the_simulated_clock")
def test_notices_between_two_desks_are_answered_by_neither() -> None:
    ours, theirs = DeskSide("desk@towers.example"), DeskSide("desk@operator.example")

    live_a_day([ours, theirs], as_it_is, nudge_every=timedelta(hours=2), nudge=by_notice)

    assert ours.sent_at() == theirs.sent_at() == []
    assert Email.objects.count() >= 24


@pytest.mark.usefixtures("_by_the_simulated_clock")
def test_notices_whose_marks_a_relay_takes_off_are_answered_once_an_hour() -> None:
    ours, theirs = DeskSide("desk@towers.example"), DeskSide("desk@operator.example")

    live_a_day([ours, theirs], stripped, nudge_every=timedelta(hours=2), nudge=by_notice)

    for side in (ours, theirs):
        assert shortest_pause(side.sent_at()) >= timedelta(hours=1)
        assert len(side.sent_at()) <= 24


@pytest.mark.usefixtures("_by_the_simulated_clock")
def test_somebody_on_vacation_gets_no_answer_to_his_absence() -> None:
    desk, away = DeskSide("desk@towers.example"), DumbResponder("noc@operator.example", says_so=True)

    live_a_day([desk, away], as_it_is, nudge_every=timedelta(hours=2), nudge=by_notice)

    # One answer for each letter that he wrote himself, none for what his program wrote.
    assert len(desk.sent_at()) == 12
    assert away.answered == 24
