"""Who gets the incident; listed in settings.INCIDENT_REACTIONS."""

from __future__ import annotations

from dispatchers import assignment
from incidents.models import IncidentEvent


def assign_freest(event: IncidentEvent) -> None:
    """Give the event's incident to the freest dispatcher; nobody eligible leaves it in the common queue."""
    assignment.give(event.incident, at=event.at)
