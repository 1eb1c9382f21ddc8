"""The steps between our statuses: those that the tracker has to allow, and the way to where an issue stands already."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import services
from incidents.models import Incident, Status, StatusClass, Transition
from tracker_bridge.statuses import Statuses


def steps(statuses: Statuses) -> frozenset[tuple[str, str]]:
    """Every step that somebody may take here, by the keys over there."""
    return frozenset(
        (statuses.theirs(start), statuses.theirs(end)) for start, ends in _ways_out().items() for end in ends
    )


def bring(incident: Incident, to: Status, *, at: datetime) -> Incident:
    """Walk the shortest way that sends no letter; where there is none, the incident stays as it is.

    For issues that people moved on before they became incidents.
    """
    reason = _("It stood so in the tracker.")
    with transaction.atomic():
        for status in way(incident.status, to):
            incident = services.change_status(incident, status, by=None, at=at, reason=reason)
    return incident


def way(start: Status, end: Status) -> list[Status]:
    """The fewest allowed steps between two statuses, past those that send letters and those that are closed."""
    if start == end or _is_no_halt(end):
        return []
    ways_out, before = _ways_out(), {start: start}
    waiting = deque([start])
    while waiting and end not in before:
        here = waiting.popleft()
        for step in ways_out.get(here, ()):
            if step not in before and (step == end or not _is_no_halt(step)):
                before[step] = here
                waiting.append(step)
    found: list[Status] = []
    while end in before and end != start:
        found.insert(0, end)
        end = before[end]
    return found


def _is_no_halt(status: Status) -> bool:
    """One that does something by itself as soon as it is reached."""
    return status.status_class in (StatusClass.SENDING, StatusClass.END) or status.is_error


def _ways_out() -> Mapping[Status, list[Status]]:
    """Where each status leads, the usual one first. A step from anywhere leaves every status that is not closed."""
    found: dict[Status, list[Status]] = defaultdict(list)
    everything = list(Status.objects.all())
    for step in Transition.objects.select_related("from_status", "to_status"):
        starts = (
            [step.from_status]
            if step.from_status
            else [each for each in everything if each.status_class != StatusClass.END]
        )
        for start in starts:
            if step.to_status != start and step.to_status not in found[start]:
                found[start].append(step.to_status)
    return found
