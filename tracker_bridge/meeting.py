"""Looking up who of ours is who over there, and telling the tracker of incidents whose assignee it can be told now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from tracker_bridge import jobs, people
from tracker_bridge.models import IssueLink, Job
from tracker_bridge.protocol import TrackerBackend


def meet(backend: TrackerBackend, now: datetime) -> None:
    """Asks the tracker for its people."""
    there = backend.people()
    before = people.logins(backend.name)
    people.meet(backend.name, there)
    after = people.logins(backend.name)
    tell_of({user for user in before.keys() | after.keys() if before.get(user) != after.get(user)}, backend.name, now)


def tell_of(users: Collection[int], backend: str, now: datetime) -> None:
    """Jobs for open mirrored incidents of these users."""
    theirs = IssueLink.objects.filter(
        backend=backend, is_left_behind=False, incident__closed_at=None, incident__assignee__in=users
    )
    jobs.add_from_outside(
        Job(backend=backend, incident_id=key, kind=Job.Kind.STATE, made_at=now, not_before=now)
        for key in theirs.values_list("incident", flat=True)
    )
