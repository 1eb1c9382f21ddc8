"""What an address of the desk asks for: queue, status, assignee, text, order. Strings in, typed choices out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents.codes import code_in_subject
from incidents.models import Incident, Status
from incidents.paging import Order
from incidents.queries import IncidentQuerySet
from towers.models import BaseStation, Pole
from towers.queries import pole_code_begins, station_name_begins

if TYPE_CHECKING:
    from dispatchers.models import User

NOBODY = "none"
MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of the desk: part of the open incidents, or the history. `urgent`: any number asks for attention."""

    name: str
    title: str | Promise
    icon: str
    look: str
    narrow: Callable[[IncidentQuerySet, User, datetime], IncidentQuerySet]
    urgent: bool = False
    is_history: bool = False


QUEUES = {
    queue.name: queue
    for queue in (
        Queue("mine", pgettext_lazy("queue", "Mine"), "user", "", lambda rows, me, now: rows.of(me)),
        Queue("new", pgettext_lazy("queue", "New"), "circle-dashed", "is-new", lambda rows, me, now: rows.new()),
        Queue(
            "unassigned",
            pgettext_lazy("queue", "Unassigned"),
            "user-plus",
            "is-new",
            lambda rows, me, now: rows.of(None),
            True,
        ),
        Queue(
            "no_site",
            pgettext_lazy("queue", "Without site"),
            "map-pin",
            "is-wait",
            lambda rows, me, now: rows.without_site(),
            True,
        ),
        Queue(
            "at_risk",
            pgettext_lazy("queue", "At risk"),
            "hourglass",
            "is-risk",
            lambda rows, me, now: rows.at_risk(now),
            True,
        ),
        Queue(
            "overdue",
            pgettext_lazy("queue", "Overdue"),
            "alert-octagon",
            "is-over",
            lambda rows, me, now: rows.overdue(now),
            True,
        ),
        Queue(
            "waiting",
            pgettext_lazy("queue", "Waiting"),
            "player-pause",
            "is-wait",
            lambda rows, me, now: rows.waiting(),
        ),
        Queue("open", pgettext_lazy("queue", "All open"), "inbox", "", lambda rows, me, now: rows),
        Queue(
            "closed",
            pgettext_lazy("queue", "Closed"),
            "circle-check",
            "is-done",
            lambda rows, me, now: rows,
            is_history=True,
        ),
    )
}
ORDERS = {
    "-changed": Order("active_at"),
    "changed": Order("active_at", descending=False),
    "due": Order("due_at", descending=False, may_be_empty=True),
    "-due": Order("due_at", may_be_empty=True),
    "-opened": Order("opened_at"),
    "opened": Order("opened_at", descending=False),
}
DEFAULT_ORDER = "-changed"
# Closed ones are many, and no index sorts them by deadline.
ORDERS_OF_CLOSED = {name: order for name, order in ORDERS.items() if order.field != "due_at"}


@dataclass(frozen=True, slots=True)
class DeskFilter:
    """The choices of one address; anything an address says wrongly counts as not said."""

    queue: Queue = field(default_factory=lambda: QUEUES["open"])
    status: Status | None = None
    assignee: User | None = None
    unassigned: bool = False
    text: str = ""
    sort: str = DEFAULT_ORDER

    @classmethod
    def read(cls, address: Mapping[str, str], statuses: Iterable[Status], people: Iterable[User]) -> DeskFilter:
        queue = QUEUES.get(address.get("queue", ""), QUEUES["open"])
        who, sort = address.get("who", ""), address.get("sort", "")
        return cls(
            queue=queue,
            status=next((status for status in statuses if status.key == address.get("status")), None),
            assignee=next((person for person in people if str(person.pk) == who), None),
            unassigned=who == NOBODY,
            text=" ".join(address.get("q", "").replace("\0", "").split())[:MOST_TEXT],
            sort=sort if sort in _orders_of(queue) else DEFAULT_ORDER,
        )

    @property
    def order(self) -> Order:
        return ORDERS[self.sort]

    @property
    def sorts_allowed(self) -> Iterable[str]:
        return _orders_of(self.queue)

    @property
    def is_plain(self) -> bool:
        """Nothing is chosen but the queue, so its count is the count of the list."""
        return not (self.status or self.assignee or self.unassigned or self.text)

    def apply(self, rows: IncidentQuerySet, person: User, now: datetime) -> IncidentQuerySet:
        if code := _whole_code(self.text):
            return rows.filter(code=code)  # found wherever the incident stands
        rows = self.queue.narrow(rows.closed() if self.queue.is_history else rows.open(), person, now)
        if self.status:
            rows = rows.filter(status=self.status)
        if self.assignee or self.unassigned:
            rows = rows.of(self.assignee)
        return _search(rows, self.text, in_history=self.queue.is_history) if self.text else rows


def _orders_of(queue: Queue) -> Mapping[str, Order]:
    return ORDERS_OF_CLOSED if queue.is_history else ORDERS


def _whole_code(text: str) -> str | None:
    """The incident code that the text is; None if it is anything else or more."""
    code = code_in_subject(text)
    return code if code and len(code) == len(text.replace(" ", "")) else None


def _search(rows: IncidentQuerySet, text: str, *, in_history: bool) -> IncidentQuerySet:
    """Rows whose code, pole or station begins so, or whose subject has every word."""
    words = Q()
    for word in text.split():
        words &= Q(subject__icontains=word)
    poles = Pole.objects.filter(pole_code_begins(text))
    stations = BaseStation.objects.filter(station_name_begins(text))
    ways = [words, Q(pole__in=poles), Q(base_station__in=stations)]
    if text.isascii() and text.isdigit():
        ways.append(Q(code=f"{settings.INCIDENT_PREFIX}-{text}"))
    if not in_history:
        # The open ones are few: they are looked through.
        return rows.filter(_any(ways))
    # In the history each way has its own index, which only a union lets the database use.
    found = [Incident.objects.filter(way).order_by().values("pk") for way in ways]
    return rows.filter(pk__in=found[0].union(*found[1:]))


def _any(ways: list[Q]) -> Q:
    either = Q()
    for way in ways:
        either |= way
    return either
