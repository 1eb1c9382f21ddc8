"""What comes with `migrate`."""

import pytest

from incidents import lifecycle
from incidents.models import IncidentType, Status
from tests.factories import make_incident, make_user


@pytest.mark.django_db
def test_statuses_types_and_steps_come_with_the_migrations():
    assert Status.objects.count() == 12
    assert IncidentType.objects.count() == 7
    assert lifecycle.start_status().key == "new"


@pytest.mark.django_db
def test_a_new_incident_goes_into_work_or_waits():
    steps = [step.to_status.key for step in lifecycle.next_steps(make_incident())]
    assert steps == ["inProgress", "needAcceptance", "error"]


@pytest.mark.django_db
def test_a_step_that_nobody_would_finish_is_not_offered(settings):
    incident = make_incident(status="inProgress")
    settings.INCIDENT_REACTIONS = {**settings.INCIDENT_REACTIONS, "sending": []}
    assert "uvedomlaemOperatora" not in [s.to_status.key for s in lifecycle.next_steps(incident)]


@pytest.mark.django_db
def test_an_observer_reads_and_does_not_work():
    observer = make_user("observer")
    assert observer.has_perm("incidents.view_incident")
    assert not observer.has_perm("incidents.work_incident")
