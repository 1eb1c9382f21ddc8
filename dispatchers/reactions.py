"""Who gets the incident; listed in settings.INCIDENT_REACTIONS."""

from __future__ import annotations

from collections.abc import Sequence

from dispatchers import assignment
from incidents.models import IncidentEvent


def assign_freest(events: Sequence[IncidentEvent]) -> None:
    """Give the events' incidents to the freest dispatchers; nobody eligible leaves them in the common queue."""
    assignment.give_all({event.incident_id: event.at for event in events})
