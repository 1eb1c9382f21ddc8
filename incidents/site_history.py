"""What has happened on one pole: its open incidents, the closed ones page by page, and its last twelve months."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from incidents import chronic
from incidents.chronic import Repeats
from incidents.models import Incident
from incidents.paging import Cursor, Order, Page, page
from incidents.queries import IncidentQuerySet
from towers.models import Pole

MONTHS = 12
# Of open incidents; the desk shows the rest.
OPEN_SHOWN = 50
SIZE = 25
NEWEST_FIRST = Order("opened_at")

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar, how many incidents opened in it, and their share of the fullest month, per cent."""

    first: date
    number: int
    share: int


@dataclass(frozen=True, slots=True)
class Year:
    """The last twelve months of a pole, the current one last. `out`: how long at least one incident lasted."""

    months: tuple[Month, ...]
    repeats: Repeats
    number: int
    out: timedelta
    last_at: datetime | None


def open_ones(pole: Pole) -> list[Incident]:
    """The newest open incidents, one more than is shown, so that a page knows of the rest."""
    return list(_rows(pole).open().order_by("-opened_at", "-id")[: OPEN_SHOWN + 1])


def closed_ones(pole: Pole, after: Cursor | None) -> Page:
    """Closed incidents, newest first."""
    return page([_rows(pole).closed()], NEWEST_FIRST, after=after, size=SIZE)


def _rows(pole: Pole) -> IncidentQuerySet:
    rows = Incident.objects.filter(pole=pole)
    return rows.select_related("status", "assignee", "operator", "base_station").defer("reading")


def year(pole: Pole, now: datetime) -> Year:
    """The last twelve months in one query."""
    months = last_months(timezone.localdate(now))
    since = timezone.make_aware(datetime.combine(months[0], datetime.min.time()))
    own = Incident.objects.filter(pole=pole, merged_into=None, opened_at__gte=since).order_by()
    rows = own.values_list("opened_at", "power_back_at", "closed_at")
    opened = [row[0] for row in rows]
    spans = [(start, min(filter(None, (back, closed, now)))) for start, back, closed in rows]
    return Year(
        months=_by_month(months, (timezone.localdate(moment) for moment in opened)),
        repeats=chronic.count(opened, now),
        number=len(opened),
        out=covered(spans),
        last_at=max(opened, default=None),
    )


def last_months(today: date) -> list[date]:
    """The first days of twelve months, this one the last."""
    this = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(this - MONTHS + 1, this + 1)]


def _by_month(months: Sequence[date], days: Iterable[date]) -> tuple[Month, ...]:
    numbers = dict.fromkeys(months, 0)
    for day in days:
        if (first := day.replace(day=1)) in numbers:  # a sender's clock may be ahead
            numbers[first] += 1
    most = max(max(numbers.values()), 1)
    return tuple(Month(first, number, round(100 * number / most)) for first, number in numbers.items())


def covered(spans: Iterable[Span]) -> timedelta:
    """The time that the spans cover together; where they overlap it counts once."""
    total, reached = timedelta(), None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total
