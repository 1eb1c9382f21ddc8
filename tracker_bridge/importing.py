"""The first meeting with a queue that has issues already: link those that name an incident, take in the others.

The predecessor wrote the number of the incident into each issue; codes stand in summaries. Whatever names nothing of
ours becomes an incident, as an issue made by hand does. May be stopped and begun again: what is linked is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from incidents.models import Incident
from tracker_bridge import adopting, jobs, pulling, reconciling
from tracker_bridge.merging import Base, merge
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.protocol import RemoteIssue, TrackerBackend
from tracker_bridge.statuses import Statuses

PAGE = 500


@dataclass
class Tally:
    """What was, or would be, done."""

    seen: int = 0
    linked: int = 0
    known: int = 0
    opened: int = 0
    # Fields that would be written over there, and taken over from there.
    written: int = 0
    taken: int = 0
    created: int = 0
    # Incidents that are linked to one of the issues, or would be.
    met: set[int] = field(default_factory=set)


def issues(
    backend: TrackerBackend, mirror: Mirror, *, since: datetime, now: Callable[[], datetime], write: bool
) -> Iterator[Tally]:
    """Go through all issues created since then, oldest change first; the tally after each page."""
    tally = Tally()
    for page in backend.changes(""):
        for remote in page.issues:
            if remote.in_scope and remote.created_at >= since:
                _meet(backend, mirror, remote, tally, now(), write=write)
        yield tally


def incidents(mirror: Mirror, tally: Tally, *, now: datetime, write: bool) -> int:
    """Issues for open incidents that have none, after `issues`; how many."""
    last = 0
    linked = IssueLink.objects.filter(backend=mirror.backend, is_left_behind=False).values("incident")
    open_ones = Incident.objects.filter(closed_at=None, merged_into=None).exclude(pk__in=linked).order_by("pk")
    while keys := list(open_ones.filter(pk__gt=last).values_list("pk", flat=True)[:PAGE]):
        last = keys[-1]
        keys = [key for key in keys if key not in tally.met]
        tally.created += len(keys)
        if write:
            jobs.add(
                Job(backend=mirror.backend, incident_id=key, kind=Job.Kind.STATE, made_at=now, not_before=now)
                for key in keys
            )
    return tally.created


def _meet(
    backend: TrackerBackend, mirror: Mirror, remote: RemoteIssue, tally: Tally, now: datetime, *, write: bool
) -> None:
    tally.seen += 1
    known = IssueLink.objects.filter(backend=mirror.backend, remote_id=remote.ref.id).select_related("incident").first()
    if known:
        tally.known += 1
    incident = known.incident if known else _named(remote, mirror.backend)
    if incident is None:
        tally.opened += 1
    else:
        tally.linked += not known
        tally.met.add(incident.pk)
        _count(mirror.backend, incident, known, remote, tally, now)
    if write and not known:
        if incident is not None:
            _link(mirror, incident, remote, now)
        pulling.take(backend, mirror, remote, now, since=remote.created_at)


def _named(remote: RemoteIssue, backend: str) -> Incident | None:
    """By the number of the database, else by the code in the summary."""
    number = remote.fields.get("database_id")
    if isinstance(number, int) and not isinstance(number, bool):
        incident = Incident.objects.filter(pk=number).first()
        if incident and adopting.is_free(incident, backend):
            return incident
    return adopting.named_in_summary(remote, backend)


def _count(
    backend: str, incident: Incident, link: IssueLink | None, remote: RemoteIssue, tally: Tally, now: datetime
) -> None:
    base = reconciling.base_of(link) if link else Base()
    said = reconciling.ours(incident, backend, Statuses(reconciling.renamed()), now)
    merged = merge(base, said, reconciling.theirs(remote), reconciling.OWNERS)
    tally.written += len(merged.push)
    tally.taken += len(merged.take)


def _link(mirror: Mirror, incident: Incident, remote: RemoteIssue, now: datetime) -> None:
    with transaction.atomic():
        link = IssueLink(
            backend=mirror.backend,
            incident=incident,
            remote_id=remote.ref.id,
            key=remote.ref.key,
            url=remote.ref.url,
            # Not looked at yet, so that it is.
            version="",
            changed_at=remote.created_at,
            linked_at=now,
        )
        reconciling.keep(link, Base())
        link.save()
