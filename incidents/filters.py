"""What an address of the desk asks for: queue, fields, days, text, order. Strings in, typed choices out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.dateparse import parse_date

from incidents.fields import FIELDS, Choices, Option
from incidents.ledger_filters import midnight
from incidents.models import Incident
from incidents.paging import Order
from incidents.queries import IncidentQuerySet
from incidents.queues import EVERYWHERE, QUEUES, Queue
from incidents.search.results import all_found

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_TEXT = 200
ORDERS = {
    "-changed": Order("active_at"),
    "changed": Order("active_at", descending=False),
    "due": Order("due_at", descending=False, may_be_empty=True, length="clock_left"),
    "-due": Order("due_at", may_be_empty=True, length="clock_left"),
    "-opened": Order("opened_at"),
    "opened": Order("opened_at", descending=False),
}
# Closed ones are many, and no index sorts them by deadline.
ORDERS_OF_CLOSED = {name: order for name, order in ORDERS.items() if order.field != "due_at"}
# Days of long ago are found by the index on the opening; by the last change all that is newer would be read first.
ORDERS_OF_DAYS = {name: order for name, order in ORDERS.items() if order.field == "opened_at"}
# Likewise days of closing.
ORDERS_OF_CLOSING = {"-closed": Order("closed_at"), "closed": Order("closed_at", descending=False)}
PLACES = {**QUEUES, EVERYWHERE.name: EVERYWHERE}
# What a search finds stands in the order in which it was said, on the page; in a file by the opening.
FOUND = "found"
ORDER_OF_FOUND = Order("opened_at")


@dataclass(frozen=True, slots=True)
class DeskFilter:
    """The choices of one address; anything an address says wrongly counts as not said."""

    queue: Queue = field(default_factory=lambda: QUEUES["open"])
    # Values by the field's name; fields about which nothing is said are absent.
    said: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    # Days of the desk's calendar on which the incident was opened, both included.
    first: date | None = None
    last: date | None = None
    # And those on which it was closed.
    closed_first: date | None = None
    closed_last: date | None = None
    text: str = ""
    # Empty: the usual order.
    asked_sort: str = ""

    @classmethod
    def read(cls, address: QueryDict, choices: Choices) -> DeskFilter:
        text = " ".join(address.get("q", "").replace("\0", "").split())[:MOST_TEXT]
        queue = PLACES.get(address.get("queue", ""), _usual_queue(text))
        values = {name: each.read(address.getlist(name), choices, queue) for name, each in FIELDS.items()}
        return cls(
            queue=queue,
            said={name: options for name, options in values.items() if options},
            first=_day(address.get("from", "")),
            last=_day(address.get("to", "")),
            closed_first=_day(address.get("closed_from", "")),
            closed_last=_day(address.get("closed_to", "")),
            text=text,
            asked_sort=address.get("sort", ""),
        )

    @property
    def usual_queue(self) -> Queue:
        return _usual_queue(self.text)

    @property
    def sorts_allowed(self) -> Mapping[str, Order]:
        if self.text:
            return {}
        if self.closed_first or self.closed_last:
            return ORDERS_OF_CLOSING
        if not (self.queue.is_history or self.queue.is_everywhere):
            return ORDERS
        return ORDERS_OF_DAYS if self.first or self.last else ORDERS_OF_CLOSED

    @property
    def sort(self) -> str:
        return self.asked_sort if self.asked_sort in self.sorts_allowed else self.usual_sort

    @property
    def usual_sort(self) -> str:
        if self.text:
            return FOUND
        return next(iter(self.sorts_allowed))

    @property
    def order(self) -> Order:
        return self.sorts_allowed.get(self.sort, ORDER_OF_FOUND)

    @property
    def is_plain(self) -> bool:
        """Nothing is chosen but the queue, so its count is the count of the list."""
        return not (self.said or any(self.days.values()) or self.text)

    @property
    def days(self) -> Mapping[str, date | None]:
        """By their names in the address."""
        return {
            "from": self.first,
            "to": self.last,
            "closed_from": self.closed_first,
            "closed_to": self.closed_last,
        }

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on: only what was understood."""
        said = QueryDict(mutable=True)
        if self.queue != self.usual_queue:
            said["queue"] = self.queue.name
        for name, options in self.said.items():
            said.setlist(name, [option.value for option in options])
        single = {name: day.isoformat() for name, day in self.days.items() if day}
        single |= {"q": self.text} if self.text else {}
        single |= {"sort": self.sort} if self.sort != self.usual_sort else {}
        for name, value in single.items():
            said[name] = value
        return said

    def apply(self, rows: IncidentQuerySet, person: User, now: datetime) -> list[IncidentQuerySet]:
        """The rows asked for, in parts that may overlap; of a search the newest."""
        among = self.among(rows, person, now)
        if not self.text:
            return [among]
        keys = all_found(self.text, self.among(Incident.objects.all(), person, now))
        return [rows.filter(pk__in=keys)]

    def among(self, rows: IncidentQuerySet, person: User, now: datetime) -> IncidentQuerySet:
        """The rows of the queue that the chips leave, whatever the text."""
        rows = self.queue.rows(rows, person, now)
        for name, options in self.said.items():
            rows = rows.filter(FIELDS[name].narrow([option.key for option in options]))
        if self.first:
            rows = rows.filter(opened_at__gte=midnight(self.first))
        if self.last:
            rows = rows.filter(opened_at__lt=midnight(self.last + timedelta(days=1)))
        if self.closed_first:
            rows = rows.filter(closed_at__gte=midnight(self.closed_first))
        if self.closed_last:
            rows = rows.filter(closed_at__lt=midnight(self.closed_last + timedelta(days=1)))
        return rows


def _usual_queue(text: str) -> Queue:
    """A search looks everywhere unless it is told where."""
    return EVERYWHERE if text else QUEUES["open"]


def _day(said: str) -> date | None:
    try:
        day = parse_date(said)
    except ValueError:
        return None
    # Midnights beyond these cannot be computed in every time zone.
    return day if day and date(1971, 1, 1) <= day <= date(2200, 1, 1) else None
