"""What the tracker has to be told after events of incidents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from incidents.models import IncidentEvent
from tracker_bridge import jobs, mirrors
from tracker_bridge.models import IssueLink, Job, Mirror


def note(events: Sequence[IncidentEvent], *, add: Callable[[Iterable[Job]], None] = jobs.add) -> None:
    """Jobs for incidents that are mirrored: those opened since the mirror began, and those that were imported.

    `add`: another way to add them, for whoever does not hold the incidents.
    """
    mirror = mirrors.row(min(event.at for event in events))
    if mirror is None:
        return
    told = _mirrored(mirror, events)
    add(job for event in events if event.incident_id in told for job in _of(mirror, event))


def _mirrored(mirror: Mirror, events: Sequence[IncidentEvent]) -> set[int]:
    keys = {event.incident_id for event in events}
    linked = IssueLink.objects.filter(backend=mirror.backend, incident__in=keys).values_list("incident", flat=True)
    return set(linked) | {
        event.incident_id for event in events if event.kind == "opened" or event.incident.opened_at >= mirror.began_at
    }


def _of(mirror: Mirror, event: IncidentEvent) -> Iterable[Job]:
    facts = {"backend": mirror.backend, "incident_id": event.incident_id, "made_at": event.at, "not_before": event.at}
    yield Job(kind=Job.Kind.STATE, **facts)
    if event.kind in ("opened", "letter") and event.data.get("email"):
        yield Job(kind=Job.Kind.LETTER, email_id=event.data["email"], **facts)
    if event.kind == "comment":
        yield Job(kind=Job.Kind.NOTE, comment_id=event.data["comment"], **facts)
