"""A contractor as the desk knows it: whom to call, what it has to repair now, what it did in the last month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Func, Q

from incidents.models import Incident
from towers.models import Contractor, Pole

PERIOD = timedelta(days=30)
CONTACTS_SHOWN = 12
OPEN_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone or an address, and for how many poles it is named."""

    value: str
    poles: int


@dataclass(frozen=True, slots=True)
class Month:
    """The last thirty days: how many incidents were closed, how many of them by their deadline."""

    closed: int
    in_time: int

    @property
    def share(self) -> int | None:
        return round(100 * self.in_time / self.closed) if self.closed else None


def contacts(contractor: Contractor, column: str) -> list[Contact]:
    """The values of `contractor_phones` or `contractor_emails`, those of the most poles first."""
    each = Func(F(column), function="unnest")
    poles = Pole.objects.standing().filter(contractor=contractor).annotate(value=each).order_by()
    found = poles.values("value").annotate(poles=Count("id")).order_by("-poles", "value")
    return [Contact(row["value"], row["poles"]) for row in found[: CONTACTS_SHOWN + 1]]


def open_ones(contractor: Contractor) -> list[Incident]:
    """Its newest open incidents."""
    rows = Incident.objects.open().filter(contractor=contractor).defer("reading")
    rows = rows.select_related("status", "assignee", "operator", "pole", "base_station")
    return list(rows.order_by("-opened_at", "-id")[:OPEN_SHOWN])


def open_number(contractor: Contractor) -> int:
    return Incident.objects.open().filter(contractor=contractor).count()


def month(contractor: Contractor, now: datetime) -> Month:
    """What was closed lately. Closing is a change, so the index on changes bounds what is read."""
    since = now - PERIOD
    lately = Incident.objects.filter(contractor=contractor, active_at__gte=since, closed_at__gte=since)
    in_time = Q(due_at=None) | Q(closed_at__lte=F("due_at"))
    return Month(**lately.aggregate(closed=Count("id"), in_time=Count("id", filter=in_time)))
