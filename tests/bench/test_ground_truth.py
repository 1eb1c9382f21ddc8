"""A judge that overlooks something proves nothing: whatever is broken on purpose must be counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from bench import ground_truth, world
from bench.mix import Mix
from incidents import intake
from incidents.models import Incident, IncidentEmail, IncidentEvent
from mailbox import inbox
from mailbox.models import Attachment, Email, Receipt

DESK = "desk@towers.example"
LETTERS = 100


@pytest.fixture
def judged(db) -> Callable[[], dict[str, int]]:
    """Letters taken by the real intake; asks the judge and returns what is wrong."""
    now = timezone.now()
    mix = Mix(seed=3, desk=DESK, start=now - timedelta(hours=1), sites=world.build(LETTERS))
    letters = mix.letters(LETTERS, with_files=0.05)
    for letter in letters:
        inbox.receive(letter.raw, direction=letter.direction, received_at=now)
    intake.take_all(timezone.now)

    def judge() -> dict[str, int]:
        verdict = ground_truth.judge(letters, mix.conversations)
        return {name: count for name, count in verdict.counts().items() if count}

    return judge


def test_the_intake_is_found_right(judged):
    assert judged() == {}


def _lose() -> None:
    Receipt.objects.filter(pk=Receipt.objects.first().pk).delete()


def _double() -> None:
    row = Receipt.objects.filter(state="joined").first()
    row.pk = None
    row.save()


def _forget() -> None:
    Receipt.objects.filter(pk=Receipt.objects.filter(state="joined").first().pk).update(state="new")


def _quarantine() -> None:
    Receipt.objects.filter(pk=Receipt.objects.filter(state="opened").first().pk).update(state="quarantined")


def _damage_text() -> None:
    Email.objects.filter(pk=Email.objects.exclude(kind="bounce").first().pk).update(text="???")


def _damage_subject() -> None:
    Email.objects.filter(pk=Email.objects.first().pk).update(subject="Re:")


def _drop_file() -> None:
    Attachment.objects.filter(pk=Attachment.objects.filter(name__contains="IMG").first().pk).delete()


def _damage_file() -> None:
    Attachment.objects.filter(pk=Attachment.objects.filter(name__contains="IMG").first().pk).update(sha256="0" * 64)


def _unassign() -> None:
    Incident.objects.filter(pk=Incident.objects.first().pk).update(assignee=None)


def _assign_twice() -> None:
    event = IncidentEvent.objects.filter(kind="assigned").first()
    event.pk = None
    event.save()


def _lose_site() -> None:
    Incident.objects.filter(pk=Incident.objects.first().pk).update(base_station=None)


def _misthread() -> None:
    place = IncidentEmail.objects.filter(way="opened").first()
    other = IncidentEmail.objects.filter(way="opened").exclude(pk=place.pk).first()
    IncidentEmail.objects.filter(pk=place.pk).update(incident=other.incident)


def _reopen_copy() -> None:
    Receipt.objects.filter(pk=Receipt.objects.filter(state="copy").first().pk).update(state="joined")


BROKEN = [
    (_lose, "lost"),
    (_double, "doubled receipts"),
    (_forget, "not taken"),
    (_quarantine, "quarantined"),
    (_damage_text, "damaged bodies"),
    (_damage_subject, "damaged subjects"),
    (_drop_file, "damaged or dropped attachments"),
    (_damage_file, "damaged or dropped attachments"),
    (_unassign, "unassigned incidents"),
    (_assign_twice, "incidents not assigned exactly once"),
    (_lose_site, "wrong sites"),
    (_misthread, "strangers' letters in an incident"),
    (_reopen_copy, "redelivered letters that opened or joined"),
]


def test_whatever_is_broken_is_counted(judged):
    for broken, question in BROKEN:
        undo = transaction.savepoint()
        broken()
        assert question in judged(), question
        transaction.savepoint_rollback(undo)
    assert judged() == {}
