"""What happened while the settings named no tracker: nobody noted it then, so it is noted when there is one again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min

from incidents.models import IncidentEvent
from tracker_bridge import jobs, noting
from tracker_bridge.models import Mirror

# Changes are read more often than that while the mirror runs.
GAP = timedelta(minutes=5)
# Events are recorded a little later than they happen.
MARGIN = timedelta(hours=1)
PAGE = 500

_looked: set[int] = set()


def once(mirror: Mirror, now: datetime) -> int:
    """Once in the life of a process, before it first reads changes: what its predecessor may not have noted."""
    if mirror.pk in _looked:
        return 0
    _looked.add(mirror.pk)
    return catch_up(mirror, now)


def catch_up(mirror: Mirror, now: datetime) -> int:
    """Jobs for every event since changes were last read, if that is long ago; how many events.

    What was told already is told again at no cost: letters and notes by their keys, states by comparison.
    """
    if mirror.read_at is None or now - mirror.read_at < GAP:
        return 0
    since = mirror.read_at - MARGIN
    # By their order: some events happened, by their own word, long before they were recorded.
    first = IncidentEvent.objects.filter(at__gte=since).aggregate(first=Min("pk"))["first"]
    number, last = 0, (first or 0) - 1
    events = IncidentEvent.objects.select_related("incident").order_by("pk")
    while first is not None and (page := list(events.filter(pk__gt=last)[:PAGE])):
        noting.note(page, add=jobs.add_from_outside)
        number, last = number + len(page), page[-1].pk
    return number
