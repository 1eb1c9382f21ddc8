"""demo.simulator: letters keep coming, and answer what really lies in the mailbox."""

import random
from collections import Counter
from datetime import datetime
from email import message_from_bytes
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo import answers, letters, recall, registry, shapes, simulator
from demo.letters import Letter
from tests.demo.mail import DESK, PASSWORD, Host

REGISTRY = registry.build()
NOW = datetime(2026, 8, 4, 9, 30, tzinfo=ZoneInfo("Europe/Moscow"))


def opening(shape: shapes.Shape = shapes.t2_power) -> Letter:
    return letters.opening(random.Random(1), REGISTRY, NOW, shape=shape, flawless=True)


def ports(host: Host) -> dict[str, Any]:
    return {"imap": host.ports.imap, "smtp": host.ports.smtp, "imap_login": DESK, "imap_password": PASSWORD}


def test_a_letter_is_remembered_as_it_was_written() -> None:
    first = opening()
    (known,) = recall.letters_of([b"Return-Path: <x@y.example>\r\n" + first.raw], REGISTRY)
    assert known.draft.subject == first.draft.subject
    assert known.draft.sender == first.draft.sender
    assert known.draft.message_id == first.draft.message_id
    assert known.site == first.site


def test_letters_of_machines_are_not_answered() -> None:
    away = answers.out_of_office(random.Random(1), opening(), NOW)
    assert recall.letters_of([away.raw], REGISTRY) == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\x00", b"From: =?x?b?!?= <a@b.example>\r\nSubject: =?utf-8?b?AA=?=\r\n\r\n",
     b"From: a@b.example\r\nSubject: \xf0\xd2\r\nDate: never\r\nContent-Type: text/plain; charset=none\r\n\r\n\xff"],
)  # fmt: skip
def test_whatever_lies_in_the_mailbox_a_next_letter_is_written(raw: bytes) -> None:
    known = recall.letters_of([raw], REGISTRY)
    for kind in simulator.KINDS:
        assert simulator.next_letter(random.Random(1), REGISTRY, known, NOW, kind=kind).raw


def test_power_comes_back_once_for_each_failure() -> None:
    first = opening()
    known = recall.letters_of([first.raw], REGISTRY)
    notice = simulator.next_letter(random.Random(1), REGISTRY, known, NOW, kind="power_is_back")
    assert notice.draft.subject == f"{first.draft.subject} (Закрыто)"
    known = recall.letters_of([first.raw, notice.raw], REGISTRY)
    assert recall.open_failures(known) == []


@pytest.mark.parametrize("kind", ["operator", "contractor", "desk", "out_of_office"])
def test_an_answer_joins_the_thread_it_answers(kind: str) -> None:
    first = opening()
    known = recall.letters_of([first.raw], REGISTRY)
    answer = message_from_bytes(simulator.next_letter(random.Random(3), REGISTRY, known, NOW, kind=kind).raw)
    assert answer["In-Reply-To"] == first.draft.message_id


def test_an_empty_mailbox_begins_with_a_failure() -> None:
    for kind in simulator.KINDS:
        letter = simulator.next_letter(random.Random(1), REGISTRY, [], NOW, kind=kind)
        assert letter.shape in {write.__name__ for _, write, _ in letters.OPENINGS}


def test_letters_arrive_by_smtp_and_are_answered_in_turn(host: Host) -> None:
    sent = Counter(letter.shape for letter in simulator.run(REGISTRY, lambda: ports(host), 0, 30))
    assert sum(sent.values()) == 30
    with host.client() as client:
        inbox = int(client.select_folder("INBOX", readonly=True)[b"EXISTS"])
        outbox = int(client.select_folder("Отправленные", readonly=True)[b"EXISTS"])
    assert inbox + outbox == 30
    assert len(sent) > 5


def test_a_host_that_is_away_for_a_while_costs_a_letter_not_the_simulator(host: Host) -> None:
    asked = iter([{**ports(host), "imap": 1}, ports(host)])
    assert len(list(simulator.run(REGISTRY, lambda: next(asked), 0, 1))) == 1
