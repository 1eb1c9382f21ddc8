"""Rows made in bulk have the clocks that their events come to, and figures of the dashboard."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from incidents.models import Incident
from sla import recomputing
from sla.figures import rebuilding
from sla.models import Fact, IncidentClock

pytestmark = pytest.mark.django_db


def test_what_has_ended_has_the_clocks_of_its_events_and_everything_is_counted():
    call_command("make_bulk", incidents=300, letters=900, stdout=io.StringIO())
    ended = recomputing.load(Incident.objects.closed().values_list("pk", flat=True))

    assert recomputing.recompute(ended, timezone.now(), write=False) == []
    assert IncidentClock.objects.filter(clock="contractor", state="stopped").exists()
    assert Fact.objects.count() == 300
    assert not rebuilding.check(timezone.now())


def test_rows_that_are_added_get_clocks_too():
    call_command("make_bulk", incidents=60, letters=200, stdout=io.StringIO())
    call_command("make_bulk", incidents=60, letters=200, add=True, stdout=io.StringIO())

    assert IncidentClock.objects.filter(clock="first_action").count() == 120
