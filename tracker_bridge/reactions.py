"""After events of incidents: what the tracker has to be told. Listed in settings.INCIDENT_REACTIONS under "*"."""

from __future__ import annotations

from collections.abc import Sequence

from incidents.models import IncidentEvent
from tracker_bridge import noting


def note(events: Sequence[IncidentEvent]) -> None:
    """Jobs for incidents that are mirrored."""
    noting.note(events)
