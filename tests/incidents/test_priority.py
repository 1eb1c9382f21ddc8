"""How urgent an incident is: said by people, seen wherever facts are, asked by the rules for clocks."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import translation

from dispatchers.roles import Role
from incidents import bulk, services, work
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.models import Incident, IncidentType, WorkPeriod
from incidents.occurrences import describe
from sla import changing
from sla.models import IncidentClock
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db
HIGH, URGENT = Incident.Priority.HIGH, Incident.Priority.URGENT


def test_it_is_normal_until_somebody_says_otherwise():
    assert make_incident().priority == Incident.Priority.NORMAL


def test_saying_it_is_one_event_and_the_same_again_is_none():
    me, incident = make_user(), make_incident()

    services.set_priority(incident, URGENT, by=me, at=NOW)
    services.set_priority(incident, URGENT, by=me, at=NOW)

    event = incident.events.get(kind="priority_set")
    assert (event.actor, event.data) == (me, {"from": "normal", "to": "urgent"})
    with translation.override("en"):
        assert describe([event])[0].words == "priority: urgent"


def test_the_clock_of_the_lasting_repair_follows_it():
    me, incident = make_user(), make_incident(status="inProgress")
    work.start_work(incident, WorkPeriod.Kind.RESTORATION, since=NOW, by=me, at=NOW)
    due = IncidentClock.objects.filter(incident=incident, clock="work:rvr").values_list("due_at", flat=True)
    assert due.get() == NOW + timedelta(days=10)

    services.set_priority(incident, URGENT, by=me, at=NOW + timedelta(hours=1))

    assert due.get() == NOW + timedelta(days=1)


def test_a_rule_may_ask_for_it():
    chief, me, incident = make_user(Role.ADMINISTRATOR), make_user(), make_incident()
    services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=me, at=NOW)
    document = copy.deepcopy(changing.newest().document)
    document["rules"].append({"clock": "incident", "minutes": 30, "match": {"priority": ["urgent", "high"]}})
    changing.save(document, by=chief, why="", now=NOW, based_on=changing.newest().number)

    incident = services.set_priority(incident, HIGH, by=me, at=NOW)

    assert incident.due_at == NOW + timedelta(minutes=30)


def test_the_card_sets_it_and_refuses_a_click_that_came_too_late(client):
    me, incident = make_user(), make_incident()
    client.force_login(me)
    address = f"/incidents/{incident.code}/priority/"
    client.post(address, {"to": "high", "seen": 0})
    incident.refresh_from_db()
    assert incident.priority == HIGH
    page = client.get(incident.get_absolute_url()).content.decode()
    assert 'id="priority-menu"' in page

    client.force_login(make_user())
    late = client.post(address, {"to": "low", "seen": 0}, headers={"HX-Request": "true"})

    incident.refresh_from_db()
    assert incident.priority == HIGH
    assert me.full_name in late.content.decode()


def test_a_priority_that_is_none_is_refused(client):
    incident = make_incident()
    client.force_login(make_user())
    assert client.post(f"/incidents/{incident.code}/priority/", {"to": "x", "seen": 0}).status_code == 422


def test_many_get_it_at_once_and_the_desk_finds_them():
    me, rows = make_user(), [make_incident() for _each in range(3)]
    result = bulk.carry_out([bulk.Chosen(row.code, 0) for row in rows[:2]], bulk.set_priority(HIGH), by=me, at=NOW)
    assert len(result.done) == 2

    filters = DeskFilter.read(QueryDict("priority=high&priority=urgent"), Choices(me))

    found = filters.apply(Incident.objects.all(), me, NOW)[0]
    assert {row.code for row in found} == {row.code for row in rows[:2]}
