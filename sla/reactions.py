"""What happens to the clocks after events of incidents; listed in settings.INCIDENT_REACTIONS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from incidents import services
from incidents.models import Incident, IncidentEvent
from sla import clock


def restart_clock(events: Sequence[IncidentEvent]) -> None:
    """Both deadlines follow the type; without a type there is no deadline."""
    for incident in _incidents(events):
        allowed = incident.type.sla if incident.type else None
        due = clock.deadline(incident.opened_at, allowed) if allowed else None
        handed_over = incident.handed_over_at
        contractor_due = clock.deadline(handed_over, allowed) if allowed and handed_over else None
        if (due, contractor_due) != (incident.due_at, incident.contractor_due_at):
            services.set_deadlines(incident, due_at=due, contractor_due_at=contractor_due)


def start_contractor_clock(events: Sequence[IncidentEvent]) -> None:
    """The contractor's time runs from the first hand-over; later ones change nothing."""
    for incident in _incidents(events):
        if incident.type and incident.handed_over_at and not incident.contractor_due_at:
            due = clock.deadline(incident.handed_over_at, incident.type.sla)
            services.set_deadlines(incident, contractor_due_at=due)


def _incidents(events: Iterable[IncidentEvent]) -> Iterable[Incident]:
    return Incident.objects.select_related("type").filter(pk__in={event.incident_id for event in events})
