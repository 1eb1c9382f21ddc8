"""How much the mirror has before it and behind it; each number is one query on an index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q

from tracker_bridge.models import Conflict, IncomingFile, IssueLink, Job

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    number: int
    # When the oldest of them was written.
    since: datetime | None
    # How many have been tried already, and when the tracker is asked for the last of these.
    retried: int
    last_try: datetime | None


def waiting(backend: str) -> Waiting:
    """Jobs that are to be done."""
    tried = Q(attempts__gt=0, leased_until=None)
    found = Job.objects.filter(backend=backend, state=Job.State.WAITING).aggregate(
        number=Count("pk"),
        since=Min("made_at"),
        retried=Count("pk", filter=tried),
        last=Max("not_before", filter=tried),
    )
    return Waiting(found["number"], found["since"], found["retried"], found["last"])


def dead(backend: str) -> int:
    """Jobs that were not done, and need a person."""
    return Job.objects.filter(backend=backend, state=Job.State.DEAD).count()


def done(backend: str, now: datetime, within: timedelta = HOUR) -> dict[str, int]:
    """Jobs done lately, by kind; every kind is there."""
    rows = Job.objects.filter(backend=backend, state=Job.State.DONE, ended_at__gt=now - within).order_by()
    return dict.fromkeys(Job.Kind.values, 0) | dict(rows.values_list("kind").annotate(n=Count("pk")))


def links(backend: str) -> dict[str, int]:
    """Mirrored incidents by the state of their issue; every state is there."""
    rows = IssueLink.objects.filter(backend=backend, is_left_behind=False).order_by()
    return dict.fromkeys(IssueLink.State.values, 0) | dict(rows.values_list("state").annotate(n=Count("pk")))


def files_on_their_way(backend: str) -> int:
    """Files of the tracker's users that are still to be copied here."""
    return IncomingFile.objects.filter(link__backend=backend, state=IncomingFile.State.WAITING).count()


def conflicts(backend: str, now: datetime, within: timedelta = DAY) -> int:
    """Fields that both sides had changed, lately."""
    return Conflict.objects.filter(link__backend=backend, at__gt=now - within).count()
