"""Many letters in one transaction become what they would have become one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents import events, intake
from incidents.models import FailedReaction, Incident, IncidentEvent
from mailbox import inbox
from mailbox.models import Email, Receipt
from tests.factories import NOW, make_pole, make_user
from tests.written import letter
from towers import lookup

pytestmark = pytest.mark.django_db


def receive(raw: bytes) -> Receipt:
    return inbox.receive(raw, direction=Email.Direction.IN, received_at=NOW)


def broken(events: object) -> None:
    raise RuntimeError("reaction")


def test_a_conversation_that_came_at_once_is_one_incident_in_order():
    receive(letter("авария", message_id="<a@operator.example>"))
    receive(letter("Re: авария", answers="<a@operator.example>", message_id="<b@operator.example>"))
    receive(letter("Re: авария", answers="<b@operator.example>"))
    assert intake.take_some(NOW) == 3
    incident = Incident.objects.get()
    assert incident.letter_count == 3
    assert [place.way for place in incident.letters.order_by("email")] == ["opened", "thread", "thread"]


def test_copies_that_came_at_once_are_one_letter():
    raw = letter()
    for _ in range(3):
        receive(raw)
    intake.take_some(NOW)
    assert sorted(Receipt.objects.values_list("state", flat=True)) == ["copy", "copy", "opened"]


def test_power_is_back_in_the_same_batch_joins():
    make_pole("41960-P-43-1-1")
    receive(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1"))
    receive(letter("Т2 Отсутствует ВЭС 41960-P-43-1-1 (Закрыто)"))
    intake.take_some(NOW)
    assert Incident.objects.get().power_back_at == NOW


def test_fifty_letters_share_their_queries(monkeypatch):
    monkeypatch.setattr(lookup, "LOOK_AGAIN_AFTER", 3600)
    for _ in range(5):
        make_user()

    def queries(number: int) -> int:
        for each in range(number):
            receive(letter(f"авария {number} {each}", sender=f"noc{each}@operator{each}.example"))
        with CaptureQueriesContext(connection) as captured:
            assert intake.take_some(NOW) == number
        return len(captured)

    queries(1)
    assert queries(50) == queries(10)


def test_one_letter_that_fails_takes_nobody_down(monkeypatch):
    good = [receive(letter(f"авария {number}")) for number in range(3)]
    bad = receive(letter("сломанное"))
    real = intake.sites.read
    monkeypatch.setattr(intake.sites, "read", lambda parsed: 1 / 0 if parsed.subject == "сломанное" else real(parsed))
    intake.take_some(NOW)
    for receipt in good:
        receipt.refresh_from_db()
        assert receipt.state == "opened"
    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == ("new", 1)
    assert "ZeroDivisionError" in bad.reason
    assert intake.take_some(NOW) == 0, "it waits for its time"
    monkeypatch.undo()
    assert intake.take_some(NOW + timedelta(minutes=1)) == 1


def test_a_reaction_that_breaks_is_tried_again_for_each_incident(settings):
    settings.INCIDENT_REACTIONS = {"opened": [f"{__name__}.broken"]}
    for number in range(3):
        receive(letter(f"авария {number}"))
    intake.take_some(NOW)
    assert Incident.objects.count() == FailedReaction.objects.count() == 3
    settings.INCIDENT_REACTIONS = {}
    assert events.retry_failed(timezone.now() + timedelta(minutes=1)) == 0
    assert set(FailedReaction.objects.values_list("attempts", flat=True)) == {2}


def test_many_incidents_at_once_are_shared_out_evenly():
    people = [make_user() for _ in range(4)]
    for number in range(20):
        receive(letter(f"авария {number}"))
    intake.take_some(NOW)
    assert {person: person.incidents.count() for person in people} == dict.fromkeys(people, 5)
    assert IncidentEvent.objects.filter(kind="assigned").count() == 20


LETTERS = st.lists(
    st.tuples(st.sampled_from(["open", "reply", "copy", "closed", "auto", "code"]), st.integers(0, 3), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LETTERS)
def test_together_or_one_by_one_the_same_incidents_come_of_it(world):
    """The partition of letters into incidents, and every fate, do not depend on the size of the batch."""
    from django.db import transaction

    outcomes = []
    for most in (1, 50):
        point = transaction.savepoint()
        raws = [_raw(kind, number, change, place) for place, (kind, number, change) in enumerate(world)]
        receipts = [receive(raw) for raw in raws]
        while intake.take_some(NOW, most=most):
            pass
        outcomes.append(_outcome(receipts))
        transaction.savepoint_rollback(point)
    assert outcomes[0] == outcomes[1]


def _raw(kind: str, number: int, change: bool, place: int) -> bytes:
    root = f"<root{number}@operator.example>"
    own = f"<{place}@operator.example>"
    if kind == "open":
        return letter(f"авария {number}", message_id=root if change else own)
    if kind == "reply":
        return letter(f"Re: авария {number}", answers=root, message_id=own, references=f"<x{number}@o> {root}")
    if kind == "copy":
        return letter(f"авария {number}", "копия", message_id=root)
    if kind == "closed":
        return letter(f"авария {number} (Закрыто)", message_id=own)
    if kind == "auto":
        return letter("Автоответ", answers=root, message_id=own, headers={"Auto-Submitted": "auto-replied"})
    return letter("Re: NT-999999: питание", message_id=own)


def _outcome(receipts: list[Receipt]) -> list[tuple[str, int | None]]:
    """Fate of each letter, and the number of its incident in order of appearance."""
    numbers: dict[int, int] = {}
    outcome = []
    for receipt in receipts:
        receipt.refresh_from_db()
        place = getattr(receipt.email, "place", None)
        number = numbers.setdefault(place.incident_id, len(numbers)) if place else None
        outcome.append((receipt.state, number))
    return outcome
