"""Letters that people send out of an issue in the tracker join the incident here, and are not told back."""

from __future__ import annotations

from typing import Any

import pytest

from incidents import intake
from incidents.models import Comment, Incident, IncidentEmail
from mailbox import inbox
from mailbox.models import Email
from tests.factories import make_pole
from tests.tracker_bridge.conftest import Bridge
from tests.written import DESK, letter

NOC = "noc@operator.example"
TEXT = "Коллеги, бригада на объекте, восстановим к 18:00.\n\nДиспетчерская"


@pytest.fixture(autouse=True)
def _desk(settings: Any) -> None:
    settings.DESK_ADDRESSES = [DESK, "dispatch-queue@tracker.example"]


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    """Opened by a letter of the operator."""
    make_pole("41960-P-43-1-1")
    arrive(bridge, letter("Нет питания 41960-P-43-1-1", cc="duty@operator.example"))
    bridge.sync()
    return Incident.objects.get()


def arrive(bridge: Bridge, raw: bytes) -> Email:
    receipt = inbox.receive(raw, direction="in", received_at=bridge.now)
    assert intake.take_next(bridge.now)
    receipt.refresh_from_db()
    assert receipt.email
    return receipt.email


@pytest.mark.parametrize("sender", [DESK, "Очередь <dispatch-queue@tracker.example>"])
def test_a_letter_sent_from_the_tracker_joins_as_ours_in_the_operators_conversation_and_is_not_doubled(
    bridge: Bridge, incident: Incident, sender: str
) -> None:
    ref = bridge.issue(incident).ref
    before = len(bridge.backend.comments(ref))
    bridge.backend.send(ref, "anna", "**Коллеги**, бригада на объекте, восстановим к 18:00.")
    sent = arrive(bridge, letter(f"{incident.code}: Нет питания", TEXT, sender=sender, to=NOC, cc=DESK))
    asked = IncidentEmail.objects.get(incident=incident, way="opened")
    place = IncidentEmail.objects.get(email=sent)
    assert (place.incident, place.way, place.thread) == (incident, "code", asked.thread)
    assert sent.direction == Email.Direction.OUT
    assert Incident.objects.count() == 1
    bridge.wait(seconds=5)
    bridge.sync()
    assert len(bridge.backend.comments(ref)) == before + 1
    assert not Comment.objects.exists()
    incident.refresh_from_db()
    assert not incident.letters_since_closing


def test_the_same_words_sent_twice_are_two_letters(bridge: Bridge, incident: Incident) -> None:
    ref = bridge.issue(incident).ref
    before = len(bridge.backend.comments(ref))
    for _ in range(2):
        bridge.backend.send(ref, "anna", TEXT)
        arrive(bridge, letter(f"{incident.code}: Нет питания", TEXT, sender=DESK, to=NOC, cc=DESK))
        bridge.wait(seconds=5)
        bridge.sync()
    assert len(bridge.backend.comments(ref)) == before + 2
    assert IncidentEmail.objects.filter(incident=incident).count() == 3


def test_a_letter_that_a_dispatcher_wrote_in_a_mail_program_is_told_there(bridge: Bridge, incident: Incident) -> None:
    ref = bridge.issue(incident).ref
    before = len(bridge.backend.comments(ref))
    bridge.backend.send(ref, "anna", "Совсем другое письмо")
    arrive(bridge, letter(f"{incident.code}: Нет питания", TEXT, sender=DESK, to=NOC, cc=DESK))
    bridge.wait(seconds=5)
    bridge.sync()
    assert len(bridge.backend.comments(ref)) == before + 2


def test_a_letter_of_ours_to_somebody_new_begins_a_conversation(bridge: Bridge, incident: Incident) -> None:
    sent = arrive(bridge, letter(f"{incident.code}: Допуск", "x", sender=DESK, to="guard@site.example", cc=DESK))
    assert IncidentEmail.objects.get(email=sent).thread == sent.pk


def test_the_operators_answer_to_it_goes_on_there(bridge: Bridge, incident: Incident) -> None:
    sent = arrive(
        bridge, letter(f"{incident.code}: Нет питания", TEXT, sender=DESK, to=NOC, cc=DESK, message_id="<t1@tracker>")
    )
    answer = arrive(bridge, letter("Re: Нет питания", "Спасибо", answers="<t1@tracker>"))
    asked = IncidentEmail.objects.get(incident=incident, way="opened")
    assert (
        IncidentEmail.objects.get(email=answer).thread == IncidentEmail.objects.get(email=sent).thread == asked.thread
    )
