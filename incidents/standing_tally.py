"""The desk's counters, counted once for everybody who asks while nothing in the database changes.

Two hundred desks ask for them within the second in which somebody closes an incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Min

from incidents.models import Incident
from incidents.queries import AT_RISK, Tally


@dataclass(frozen=True, slots=True)
class _Counted:
    """Holds while the snapshot is the same, from one moment to another: deadlines pass without anybody's doing."""

    snapshot: str
    since: datetime
    until: datetime | None
    tally: Tally

    def holds(self, snapshot: str, now: datetime) -> bool:
        return snapshot == self.snapshot and self.since <= now and (self.until is None or now <= self.until)


_last: _Counted | None = None


def standing(now: datetime) -> Tally:
    """How many open incidents stand where; exactly what `Incident.objects.tally` says."""
    global _last
    if connection.in_atomic_block:
        # What this transaction wrote itself is in no snapshot's name.
        return Incident.objects.tally(now)
    # Read before the counting: a change in between makes the name outdated, never the numbers under it.
    snapshot = _snapshot()
    found = _last
    if found is None or not found.holds(snapshot, now):
        found = _last = _Counted(snapshot, now, _next_crossing(now), Incident.objects.tally(now))
    return found.tally


def _snapshot() -> str:
    """A name for all that is committed at this moment; it never comes back after a commit anywhere in the cluster."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


def _next_crossing(now: datetime) -> datetime | None:
    """Until when nothing gets overdue or at risk by itself."""
    dues = Incident.objects.open()
    overdue = dues.filter(due_at__gte=now).aggregate(due=Min("due_at"))["due"]
    at_risk = dues.filter(due_at__gte=now + AT_RISK).aggregate(due=Min("due_at"))["due"]
    moments = [overdue, at_risk - AT_RISK if at_risk else None]
    return min((moment for moment in moments if moment), default=None)
