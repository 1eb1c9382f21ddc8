"""The queues of the desk: parts of the open incidents, and the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents.queries import IncidentQuerySet

if TYPE_CHECKING:
    from dispatchers.models import User


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
    # Open and closed ones, as the search looks through.
    is_everywhere: bool = False

    def rows(self, rows: IncidentQuerySet, me: User, now: datetime) -> IncidentQuerySet:
        """Those of the rows that stand in this queue."""
        if not self.is_everywhere:
            rows = rows.closed() if self.is_history else rows.open()
        return self.narrow(rows, me, now)


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
# Where a search looks unless a queue is chosen; no queue of the desk by itself.
EVERYWHERE = Queue(
    "all", pgettext_lazy("queue", "All incidents"), "search", "", lambda rows, me, now: rows, is_everywhere=True
)
