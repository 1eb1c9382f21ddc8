"""What happens to the clocks after an event of an incident; listed in settings.INCIDENT_REACTIONS."""

from __future__ import annotations

from incidents import services
from incidents.models import Incident, IncidentEvent
from sla import clock


def restart_clock(event: IncidentEvent) -> None:
    """Both deadlines follow the type; without a type there is no deadline."""
    incident = Incident.objects.select_related("type").get(pk=event.incident_id)
    allowed = incident.type.sla if incident.type else None
    services.set_deadlines(
        incident,
        due_at=clock.deadline(incident.opened_at, allowed) if allowed else None,
        contractor_due_at=clock.deadline(incident.handed_over_at, allowed)
        if allowed and incident.handed_over_at
        else None,
    )


def start_contractor_clock(event: IncidentEvent) -> None:
    """The contractor's time runs from the first hand-over; later ones change nothing."""
    incident = Incident.objects.select_related("type").get(pk=event.incident_id)
    if incident.type and incident.handed_over_at and not incident.contractor_due_at:
        services.set_deadlines(incident, contractor_due_at=clock.deadline(incident.handed_over_at, incident.type.sla))
