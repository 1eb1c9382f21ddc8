"""What an address of the desk asks for: queue, fields, days, text, order. Strings in, typed choices out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils.dateparse import parse_date

from incidents.codes import code_in_subject
from incidents.fields import FIELDS, Choices, Option, any_of, standing_at
from incidents.ledger_filters import midnight
from incidents.paging import Order
from incidents.queries import IncidentQuerySet
from incidents.queues import QUEUES, Queue
from towers.models import BaseStation, Pole
from towers.queries import pole_code_begins, station_name_begins

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_TEXT = 200
ORDERS = {
    "-changed": Order("active_at"),
    "changed": Order("active_at", descending=False),
    "due": Order("due_at", descending=False, may_be_empty=True),
    "-due": Order("due_at", may_be_empty=True),
    "-opened": Order("opened_at"),
    "opened": Order("opened_at", descending=False),
}
# Closed ones are many, and no index sorts them by deadline.
ORDERS_OF_CLOSED = {name: order for name, order in ORDERS.items() if order.field != "due_at"}
# Days of long ago are found by the index on the opening; by the last change all that is newer would be read first.
ORDERS_OF_DAYS = {name: order for name, order in ORDERS.items() if order.field == "opened_at"}


@dataclass(frozen=True, slots=True)
class DeskFilter:
    """The choices of one address; anything an address says wrongly counts as not said."""

    queue: Queue = field(default_factory=lambda: QUEUES["open"])
    # Values by the field's name; fields about which nothing is said are absent.
    said: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    # Days of the desk's calendar on which the incident was opened, both included.
    first: date | None = None
    last: date | None = None
    text: str = ""
    # Empty: the usual order.
    asked_sort: str = ""

    @classmethod
    def read(cls, address: QueryDict, choices: Choices) -> DeskFilter:
        queue = QUEUES.get(address.get("queue", ""), QUEUES["open"])
        values = {name: each.read(address.getlist(name), choices, queue) for name, each in FIELDS.items()}
        return cls(
            queue=queue,
            said={name: options for name, options in values.items() if options},
            first=_day(address.get("from", "")),
            last=_day(address.get("to", "")),
            text=" ".join(address.get("q", "").replace("\0", "").split())[:MOST_TEXT],
            asked_sort=address.get("sort", ""),
        )

    @property
    def sorts_allowed(self) -> Mapping[str, Order]:
        if not self.queue.is_history:
            return ORDERS
        return ORDERS_OF_DAYS if self.first or self.last else ORDERS_OF_CLOSED

    @property
    def sort(self) -> str:
        return self.asked_sort if self.asked_sort in self.sorts_allowed else self.usual_sort

    @property
    def usual_sort(self) -> str:
        return "-changed" if "-changed" in self.sorts_allowed else "-opened"

    @property
    def order(self) -> Order:
        return ORDERS[self.sort]

    @property
    def is_plain(self) -> bool:
        """Nothing is chosen but the queue, so its count is the count of the list."""
        return not (self.said or self.first or self.last or self.text)

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on: only what was understood."""
        said = QueryDict(mutable=True)
        if self.queue.name != "open":
            said["queue"] = self.queue.name
        for name, options in self.said.items():
            said.setlist(name, [option.value for option in options])
        days = {"from": self.first, "to": self.last}
        single = {name: day.isoformat() for name, day in days.items() if day}
        single |= {"q": self.text} if self.text else {}
        single |= {"sort": self.sort} if self.sort != self.usual_sort else {}
        for name, value in single.items():
            said[name] = value
        return said

    def apply(self, rows: IncidentQuerySet, person: User, now: datetime) -> list[IncidentQuerySet]:
        """The rows asked for, in one part, or in several that may overlap: since one search has several ways."""
        if code := _whole_code(self.text):
            return [rows.filter(code=code)]  # found wherever the incident stands
        rows = self.queue.narrow(rows.closed() if self.queue.is_history else rows.open(), person, now)
        for name, options in self.said.items():
            rows = rows.filter(FIELDS[name].narrow([option.key for option in options]))
        if self.first:
            rows = rows.filter(opened_at__gte=midnight(self.first))
        if self.last:
            rows = rows.filter(opened_at__lt=midnight(self.last + timedelta(days=1)))
        if not self.text:
            return [rows]
        ways = _ways(self.text)
        # The open ones are few, and one look through them does; in the history each way has an index of its own.
        return [rows.filter(way) for way in ways] if self.queue.is_history else [rows.filter(any_of(ways))]


def _day(said: str) -> date | None:
    try:
        day = parse_date(said)
    except ValueError:
        return None
    # Midnights beyond these cannot be computed in every time zone.
    return day if day and date(1971, 1, 1) <= day <= date(2200, 1, 1) else None


def _whole_code(text: str) -> str | None:
    """The incident code that the text is; None if it is anything else or more."""
    code = code_in_subject(text)
    return code if code and len(code) == len(text.replace(" ", "")) else None


def _ways(text: str) -> list[Q]:
    """The ways a text may mean an incident: every word in the subject, the beginning of a pole or a station, a code."""
    words = Q()
    for word in text.split():
        words &= Q(subject__icontains=word)
    ways = [
        words,
        standing_at("pole", Pole.objects.filter(pole_code_begins(text))),
        standing_at("base_station", BaseStation.objects.filter(station_name_begins(text))),
    ]
    if text.isascii() and text.isdigit():
        ways.append(Q(code=f"{settings.INCIDENT_PREFIX}-{text}"))
    return ways
