"""Ping-pong is stopped, echoes are no changes: two programs that fight over a field cost a handful of calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from incidents import services
from incidents.models import Incident, IncidentEvent, IncidentType, Status
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import Conflict

Deed = Callable[[Bridge, Incident], None]


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    made = bridge.open()
    services.change_status(made, Status.objects.get(key="inProgress"), by=None, at=bridge.now)
    bridge.sync()
    return made


def a_type(bridge: Bridge, incident: Incident) -> None:
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)


def another_type_there(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "robot", type="Авария ВОЛС")


def a_status(bridge: Bridge, incident: Incident) -> None:
    fresh = Incident.objects.get(pk=incident.pk)
    services.change_status(fresh, Status.objects.get(key="inProgress"), by=None, at=bridge.now)


def another_status_there(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "robot", status="needAcceptance")


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [("type", a_type, another_type_there), ("status", a_status, another_status_there)],
)
def test_two_programs_that_fight_over_a_field_are_left_alone_for_an_hour(
    bridge: Bridge, incident: Incident, field: str, ours: Deed, theirs: Deed
) -> None:
    for _ in range(20):
        theirs(bridge, incident)
        bridge.pull()
        ours(bridge, incident)
        bridge.push()
        bridge.wait(seconds=10)
    assert set(bridge.link(incident).frozen) == {field}
    assert Conflict.objects.filter(field=field, winner=Conflict.Winner.NOBODY).count() == 1
    # Each has what it wants, and nobody calls any more.
    bridge.calls()
    theirs(bridge, incident)
    bridge.sync()
    assert not {"update_fields", "set_status"} & bridge.calls().keys()
    bridge.wait(hours=1)
    ours(bridge, incident)
    theirs(bridge, incident)
    bridge.sync()
    assert bridge.link(incident).refused == {}


def test_other_fields_go_on_while_one_is_left_alone(bridge: Bridge, incident: Incident) -> None:
    for _ in range(8):
        another_type_there(bridge, incident)
        bridge.pull()
        a_type(bridge, incident)
        bridge.push()
        bridge.wait(seconds=10)
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="needAcceptance")
    bridge.sync()
    assert Incident.objects.select_related("status").get().status.key == "needAcceptance"


def test_a_person_who_cannot_decide_is_no_program(bridge: Bridge, incident: Incident) -> None:
    for number in range(12):
        bridge.backend.edit(bridge.issue(incident).ref, "anna", status=("needAcceptance", "inProgress")[number % 2])
        bridge.sync()
    assert bridge.link(incident).frozen == {}
    assert not Conflict.objects.exists()


def test_a_protected_field_is_restored_once_for_each_change_and_frozen_after_five(
    bridge: Bridge, incident: Incident
) -> None:
    for number in range(1, 6):
        bridge.backend.edit(bridge.issue(incident).ref, "anna", database_id=number * 1000)
        bridge.sync()
        assert bridge.issue(incident).fields["database_id"] == incident.pk
        assert Conflict.objects.count() == number
        bridge.wait(seconds=30)
    bridge.backend.edit(bridge.issue(incident).ref, "anna", database_id=6000)
    bridge.sync()
    assert set(bridge.link(incident).frozen) == {"database_id"}
    bridge.calls()
    bridge.sync()
    assert "update_fields" not in bridge.calls()


def test_an_echo_of_ours_neither_changes_nor_calls_anything(bridge: Bridge, incident: Incident) -> None:
    a_type(bridge, incident)
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    a_status(bridge, incident)
    bridge.sync()
    events = IncidentEvent.objects.count()
    bridge.calls()
    for _ in range(3):
        bridge.wait(minutes=1)
        bridge.sync()
    assert IncidentEvent.objects.count() == events
    assert set(bridge.calls()) <= {"changes"}
