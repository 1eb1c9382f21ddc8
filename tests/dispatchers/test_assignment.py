"""Who gets an incident, also when many ask at once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection

from dispatchers import assignment
from incidents import intake
from incidents.models import Incident, IncidentEvent
from mailbox import inbox
from tests.factories import NOW, make_incident, make_user
from tests.written import letter


@pytest.mark.django_db
def test_only_who_is_on_shift_and_accepts_gets_one():
    make_user(on_shift=False), make_user(accepts_incidents=False), make_user("manager"), make_user(is_active=False)
    assert assignment.give(make_incident(), at=NOW) is None
    person = make_user()
    assert assignment.give(make_incident(), at=NOW) == person


@pytest.mark.django_db
def test_waiting_incidents_are_handed_out_as_soon_as_somebody_comes():
    waiting = [make_incident() for _ in range(3)]
    assert assignment.hand_out(at=NOW) == 0
    person = make_user()
    assert assignment.hand_out(at=NOW) == 3
    assert {row.assignee for row in Incident.objects.filter(pk__in=[i.pk for i in waiting])} == {person}


@pytest.mark.django_db
def test_the_choice_is_explained_by_everybodys_load():
    busy, free = make_user(), make_user()
    make_incident(assignee=busy)
    incident = make_incident()
    assignment.give(incident, at=NOW)
    event = incident.events.get(kind="assigned")
    assert event.data["to"] == free.pk
    assert event.data["why"]["loads"] == {str(busy.pk): 1, str(free.pk): 0}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_hundred_letters_taken_by_four_workers_spread_evenly_and_none_twice():
    people = [make_user() for _ in range(4)]
    for number in range(100):
        inbox.receive(letter(f"авария {number}"), direction="in", received_at=NOW)

    def work() -> None:
        try:
            intake.take_all(lambda: NOW)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    shares = Counter(Incident.objects.values_list("assignee", flat=True))
    assert shares == {person.pk: 25 for person in people}
    assert IncidentEvent.objects.filter(kind="assigned").count() == 100
