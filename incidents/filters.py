"""What an address of the desk asks for: queue, status, assignee, text, order. Strings in, typed choices out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents.codes import code_in_subject
from incidents.models import Status
from incidents.paging import Order
from incidents.queries import IncidentQuerySet
from towers.models import BaseStation, Pole
from towers.queries import pole_code_begins, station_name_begins

if TYPE_CHECKING:
    from dispatchers.models import User

NOBODY = "none"
MOST_TEXT = 200
MOST_SITES = 200


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
            text=" ".join(address.get("q", "").split())[:MOST_TEXT],
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

    def apply(self, rows: IncidentQuerySet, person: User, now: datetime) -> list[IncidentQuerySet]:
        """The rows asked for, in one part, or in several that may overlap: since one search has several ways."""
        if code := _whole_code(self.text):
            return [rows.filter(code=code)]  # found wherever the incident stands
        rows = self.queue.narrow(rows.closed() if self.queue.is_history else rows.open(), person, now)
        if self.status:
            rows = rows.filter(status=self.status)
        if self.assignee or self.unassigned:
            rows = rows.of(self.assignee)
        if not self.text:
            return [rows]
        ways = _ways(self.text)
        # The open ones are few, and one look through them does; in the history each way has an index of its own.
        return [rows.filter(way) for way in ways] if self.queue.is_history else [rows.filter(_any(ways))]


def _orders_of(queue: Queue) -> Mapping[str, Order]:
    return ORDERS_OF_CLOSED if queue.is_history else ORDERS


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
        Q(pole__in=_few(Pole.objects.filter(pole_code_begins(text)))),
        Q(base_station__in=_few(BaseStation.objects.filter(station_name_begins(text)))),
    ]
    if text.isascii() and text.isdigit():
        ways.append(Q(code=f"{settings.INCIDENT_PREFIX}-{text}"))
    return ways


def _few(sites: QuerySet[Any]) -> QuerySet[Any] | list[int]:
    """The ids themselves while they are few: the database then knows how rare they are and takes the right index."""
    ids = list(sites.values_list("pk", flat=True)[: MOST_SITES + 1])
    return ids if len(ids) <= MOST_SITES else sites.values("pk")


def _any(ways: list[Q]) -> Q:
    either = Q()
    for way in ways:
        either |= way
    return either
