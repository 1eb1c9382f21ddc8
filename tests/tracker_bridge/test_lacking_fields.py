"""A field that an issue does not have is neither empty nor emptied."""

from __future__ import annotations

from dataclasses import replace

from incidents import services
from tests.factories import make_pole
from tests.tracker_bridge.conftest import ALL_FIELDS, Bridge
from tracker_bridge import pushing, reconciling
from tracker_bridge.models import Conflict, Job


def test_a_field_that_went_away_over_there_is_not_emptied_here(bridge: Bridge) -> None:
    incident = bridge.open()
    services.link_asset(incident, pole=make_pole("41960-P-43-1-1"), station=None, by=None, at=bridge.now)
    bridge.sync()
    remote = bridge.backend.edit(pushing.ref_of(bridge.link(incident)), "anna", pole=None, summary="Правка")
    reconciling.reconcile(bridge.link(incident).pk, replace(remote, lacks=frozenset({"pole"})), {}, bridge.now)
    incident.refresh_from_db()
    assert incident.pole is not None
    assert [each.field for each in Conflict.objects.all()] == ["summary"]


def test_what_an_issue_cannot_hold_is_no_reason_for_a_job(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.sync()
    services.link_asset(incident, pole=make_pole("41960-P-43-1-1"), station=None, by=None, at=bridge.now)
    Job.objects.all().delete()
    remote = replace(bridge.issue(incident), lacks=frozenset({*ALL_FIELDS, "description"}))
    reconciling.reconcile(bridge.link(incident).pk, remote, {}, bridge.now)
    assert not Job.objects.exists()
    reconciling.reconcile(bridge.link(incident).pk, replace(remote, lacks=frozenset()), {}, bridge.now)
    assert Job.objects.get().kind == Job.Kind.STATE
