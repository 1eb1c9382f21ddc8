"""The clocks follow what happens to the incident."""

from datetime import timedelta

import pytest

from incidents import services
from incidents.models import IncidentType, Status
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


def test_the_deadline_runs_from_the_first_letter_and_follows_the_type():
    incident = make_incident(opened_at=NOW - timedelta(hours=2))
    person = make_user()
    incident = services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=person, at=NOW)
    assert incident.due_at == NOW + timedelta(hours=2)
    incident = services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=person, at=NOW)
    assert incident.due_at == NOW + timedelta(hours=22)
    incident = services.set_type(incident, None, by=person, at=NOW)
    assert incident.due_at is None


def test_the_contractors_clock_starts_at_the_first_hand_over_and_ends_on_the_generator():
    incident = make_incident(type="power-rf", status="uvedomiliOperatora")
    person = make_user()

    def move(key: str, hours: int) -> None:
        services.change_status(incident, Status.objects.get(key=key), by=person, at=NOW + timedelta(hours=hours))
        incident.refresh_from_db()

    move("peredanoPodradciku", 1)
    move("naGeneraciiNb", 5)
    move("inProgress", 6)
    assert incident.handed_over_at == NOW + timedelta(hours=1)
    assert incident.contractor_due_at == NOW + timedelta(hours=25)
    assert incident.contractor_done_at == NOW + timedelta(hours=5)
