"""How it stands this minute, whatever the period: counted and listed as the desk itself does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.filters import DeskFilter
from incidents.models import Incident, Status, StatusClass
from incidents.queues import QUEUES
from incidents.stretches import Stretch
from sla import charts
from sla.charts import Part
from sla.dashboard_address import Address
from sla.dashboard_links import Links
from sla.figures.answers import Age

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_SOON = 9
IN_WORK = (StatusClass.ACTIVE, StatusClass.SENDING)


@dataclass(frozen=True, slots=True)
class State:
    """So many open ones are in this state. `look` is the class of the bar's piece and of the mark beside the word."""

    title: str | Promise
    number: int
    look: str
    href: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Every open incident is in one of `states`; `pressing` are those of them whose time is short, or over."""

    number: int
    href: str
    states: list[State]
    pressing: list[State]
    bar: list[Part]

    @property
    def overdue(self) -> State:
        return self.pressing[1]


@dataclass(frozen=True, slots=True)
class AgeColumn:
    """Open ones of an age, how many of them are overdue, and the two lists."""

    title: str
    number: int
    overdue: int
    height: int
    overdue_height: int
    href: str
    overdue_href: str

    @property
    def top(self) -> int:
        return 100 - self.height

    @property
    def overdue_top(self) -> int:
        return 100 - self.overdue_height


def standing(address: Address, person: User, statuses: Sequence[Status], links: Links, now: datetime) -> Standing:
    tally = _narrowed(address).among(Incident.objects.all(), person, now).tally(now).by_queue(person)
    working = [status.key for status in statuses if status.status_class in IN_WORK]
    states = [
        State(pgettext_lazy("states", "new"), tally["new"], "f-new", links.open(queue="new")),
        State(
            pgettext_lazy("states", "in work"),
            tally["open"] - tally["new"] - tally["waiting"],
            "f-work",
            links.open_in(working),
        ),
        State(pgettext_lazy("states", "waiting"), tally["waiting"], "f-wait", links.open(queue="waiting")),
    ]
    pressing = [
        State(gettext_lazy("less than an hour left"), tally["at_risk"], "f-risk", links.open(queue="at_risk")),
        State(pgettext_lazy("states", "overdue"), tally["overdue"], "f-over", links.open(queue="overdue")),
        State(
            pgettext_lazy("states", "nobody's"),
            tally["unassigned"],
            "f-none",
            links.open(queue="unassigned"),
        ),
    ]
    bar = charts.bar([(state.look, state.number) for state in states])
    return Standing(tally["open"], links.open(), states, pressing, bar)


def soon(address: Address, person: User, now: datetime) -> list[Incident]:
    """Open ones whose deadline comes next, as rows of the desk."""
    rows = _narrowed(address).among(Incident.objects.for_rows().defer("reading"), person, now)
    return list(rows.filter(due_at__gte=now).order_by("due_at", "id")[:MOST_SOON])


def ages(backlog: Iterable[Age], links: Links) -> list[AgeColumn]:
    """What is open, by how long it has been."""
    backlog = list(backlog)
    most = max((age.number for age in backlog), default=0)
    high = charts.heights([age.number for age in backlog])
    high_overdue = charts.heights([age.overdue for age in backlog], most=most)
    return [
        _age(age, height, overdue_height, links)
        for age, height, overdue_height in zip(backlog, high, high_overdue, strict=True)
    ]


def _age(age: Age, height: int, overdue_height: int, links: Links) -> AgeColumn:
    to = None if age.to is None else round(age.to.total_seconds() / 60)
    stretch = Stretch(round(age.since.total_seconds() / 60), to)
    return AgeColumn(
        stretch.words,
        age.number,
        age.overdue,
        height,
        overdue_height,
        links.open(age=str(stretch)),
        links.open(queue="overdue", age=str(stretch)),
    )


def _narrowed(address: Address) -> DeskFilter:
    """The open ones that the dashboard's fields leave."""
    return DeskFilter(queue=QUEUES["open"], said=address.said)
