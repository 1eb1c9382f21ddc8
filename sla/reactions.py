"""What happens to the clocks after events of incidents; listed in settings.INCIDENT_REACTIONS."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from incidents.models import IncidentEvent
from mailbox.models import Email
from sla import recomputing, warnings


def follow(events: Sequence[IncidentEvent]) -> None:
    """The clocks say what the history says now."""
    recomputing.recompute(recomputing.load({event.incident_id for event in events}), timezone.now())


def follow_deeds(events: Sequence[IncidentEvent]) -> None:
    """A first deed stops a clock; what the machine does is none."""
    done = [event for event in events if event.actor_id]
    if done:
        follow(done)


def follow_answers(events: Sequence[IncidentEvent]) -> None:
    """Letters of ours stop clocks; those that come in do not."""
    letters = {event.data.get("email"): event for event in events}
    ours = Email.objects.filter(pk__in=letters, direction=Email.Direction.OUT).values_list("pk", flat=True)
    answers = [letters[pk] for pk in ours]
    if answers:
        follow(answers)


def warn_of_promises(events: Sequence[IncidentEvent]) -> None:
    """What was promised and did not happen is told as deadlines are."""
    warnings.warn_of_promises(events)
