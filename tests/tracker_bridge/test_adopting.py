"""Issues that people make by hand become incidents: where they stand, about the site they name, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.models import Comment, Incident, IncidentEvent, IncidentType
from tests.factories import make_pole, make_station
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import Conflict
from tracker_bridge.protocol import RemoteIssue, Value


def adopt(bridge: Bridge, summary: str = "Нет питания", **fields: Value) -> tuple[Incident, RemoteIssue]:
    bridge.wait(minutes=1)
    made = bridge.backend.create("anna", summary, **fields)
    bridge.wait(minutes=2)
    bridge.sync()
    incident = Incident.objects.select_related("status", "pole", "base_station", "operator").get()
    return incident, bridge.backend.get_issue(made.ref)


def test_its_clock_runs_from_its_creation_there(bridge: Bridge) -> None:
    incident, issue = adopt(bridge, type="Авария по питанию РФ")
    assert (incident.opened_at, incident.registration) == (issue.created_at, Incident.Registration.MANUAL)
    assert incident.due_at == issue.created_at + timedelta(minutes=1440)
    assert issue.fields["sla_deadline"] == incident.due_at
    assert issue.fields["database_id"] == incident.pk


def test_its_words_are_searched_for_pole_and_station_as_a_letters_would_be(bridge: Bridge) -> None:
    station = make_station("KI0075", make_pole("41960-P-43-1-1"))
    incident, issue = adopt(bridge, "Т2: нет связи", description="Пропала БС KI0075, просим проверить")
    assert (incident.base_station, incident.pole) == (station, station.pole)
    assert incident.operator is not None
    assert (issue.fields["pole"], issue.fields["base_station"]) == ("41960-P-43-1-1", "KI0075")
    assert issue.fields["operator"] == incident.operator.name == "Т2"


def test_a_field_that_names_the_pole_counts_more_than_words(bridge: Bridge) -> None:
    make_pole("41960-P-43-1-1")
    typed = make_pole("50000-P-43-1-1")
    incident, _ = adopt(bridge, "Авария 41960-P-43-1-1", pole="50000-P-43-1-1")
    assert incident.pole == typed


def test_words_that_contradict_themselves_are_an_error_with_the_reason_there(bridge: Bridge) -> None:
    make_station("KI0075", make_pole("41960-P-43-1-1"))
    make_pole("50000-P-43-1-1")
    incident, issue = adopt(bridge, "KI0075 на опоре 50000-P-43-1-1", status="inProgress")
    assert (incident.status.key, issue.status) == ("error", "error")
    assert any("KI0075" in each.text for each in bridge.backend.comments(issue.ref))
    bridge.backend.edit(issue.ref, "anna", pole="50000")
    bridge.sync()
    assert Incident.objects.get().status.key == bridge.backend.get_issue(issue.ref).status == "inProgress"


@pytest.mark.parametrize("there", ["open", "new", "inProgress", "peredanoPodradciku"])
def test_it_stands_here_where_it_stands_there(bridge: Bridge, there: str) -> None:
    incident, issue = adopt(bridge, status=there)
    assert incident.status.key == issue.status == ("new" if there == "open" else there)
    assert not Conflict.objects.exists()
    assert not Comment.objects.exists()


def test_whoever_made_it_is_the_one_who_opened_it(bridge: Bridge) -> None:
    anna = bridge.person("anna")
    incident, _ = adopt(bridge)
    assert IncidentEvent.objects.get(incident=incident, kind="opened").actor == anna


def test_an_unknown_type_of_a_new_issue_is_an_error_and_goes_on_when_put_right(bridge: Bridge) -> None:
    incident, issue = adopt(bridge, type="Поломка")
    assert incident.status.key == issue.status == "error"
    bridge.backend.edit(issue.ref, "anna", type="Авария ВОЛС")
    bridge.sync()
    again = Incident.objects.select_related("status", "type").get()
    assert (again.status.key, again.type) == ("inProgress", IncidentType.objects.get(name_ru="Авария ВОЛС"))
