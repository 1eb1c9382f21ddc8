"""Tables by contractor, type, region, operator and dispatcher: their rows with links, their orders, their columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from sla import charts
from sla.charts import Part
from sla.dashboard_address import NAME_OF, Address, may_compare
from sla.dashboard_links import Links
from sla.figures.answers import Row
from sla.figures.chosen import CONTRACTOR, DISPATCHER, OPERATOR, REGION, TYPE

if TYPE_CHECKING:
    from dispatchers.models import User

TITLES: dict[str, str | Promise] = {
    CONTRACTOR: gettext_lazy("Contractors"),
    TYPE: gettext_lazy("Types"),
    REGION: gettext_lazy("Regions"),
    OPERATOR: gettext_lazy("Operators"),
    DISPATCHER: gettext_lazy("Dispatchers"),
}
NAMES: dict[str, str | Promise] = {
    CONTRACTOR: gettext_lazy("Contractor"),
    TYPE: gettext_lazy("Type"),
    REGION: gettext_lazy("Region"),
    OPERATOR: gettext_lazy("Operator"),
    DISPATCHER: gettext_lazy("Dispatcher"),
}
WITHOUT: dict[str, str | Promise] = {
    CONTRACTOR: gettext_lazy("Without a contractor"),
    TYPE: gettext_lazy("Without a type"),
    REGION: gettext_lazy("Without a region"),
    OPERATOR: gettext_lazy("Unknown"),
    DISPATCHER: gettext_lazy("nobody"),
}
# The share of fewer is chance: they stand after the others.
FEW = 5
SHOWN = 10
WORST = "worst"


@dataclass(frozen=True)
class Line:
    """A row with its links. `within` narrows the dashboard itself to it."""

    row: Row
    name: str
    within: str
    links: Links
    dimension: str

    @property
    def judged(self) -> int:
        return self.row.in_time + self.row.late

    @property
    def is_few(self) -> bool:
        return self.judged < FEW

    @cached_property
    def bar(self) -> list[Part]:
        row = self.row
        return charts.bar(
            [("f-in", row.in_time), ("f-risk", row.at_risk_open), ("f-soft", row.late), ("f-over", row.overdue_open)]
        )

    @property
    def is_changed(self) -> bool:
        """By something that one digit behind the point shows."""
        return self.change_size >= 0.05

    @property
    def is_better(self) -> bool:
        return (self.row.change or 0) > 0

    @property
    def change_look(self) -> str:
        """A point more or less is no news."""
        change = self.row.change or 0
        return "" if abs(change) < 1 else ("good" if change > 0 else "bad")

    @property
    def change_size(self) -> float:
        return abs(self.row.change or 0)

    @property
    def arrived_href(self) -> str:
        return self.links.arrived(**self._of)

    @property
    def in_time_href(self) -> str:
        return self.links.in_time(self.dimension, self.row.key)

    @property
    def late_href(self) -> str:
        return self.links.late(self.dimension, self.row.key)

    @property
    def overdue_href(self) -> str:
        return self.links.overdue(self.dimension, self.row.key)

    @property
    def _of(self) -> dict[str, str]:
        return self.links.of(self.dimension, self.row.key)


def _worst(line: Line) -> tuple[object, ...]:
    """The smallest share first; those whose share is chance after the others, by what they have failed."""
    row = line.row
    failed = row.late + row.overdue_open
    share = 101.0 if row.share is None else row.share
    return (line.is_few, -failed if line.is_few else share, -failed, -row.arrived, line.name)


def _none_last(value: float | timedelta | None) -> tuple[bool, float]:
    number = value.total_seconds() if isinstance(value, timedelta) else value
    return (number is None, -(number or 0))


ORDERS: dict[str, Callable[[Line], tuple[object, ...]]] = {
    WORST: _worst,
    "name": lambda line: (line.name.casefold(),),
    "arrived": lambda line: (-line.row.arrived, line.name),
    "change": lambda line: (line.row.change is None, line.row.change or 0, line.name),
    "in_time": lambda line: (-line.row.in_time, line.name),
    "late": lambda line: (-line.row.late, line.name),
    "overdue": lambda line: (-line.row.overdue_open, line.name),
    "at_risk": lambda line: (-line.row.at_risk_open, line.name),
    "repair": lambda line: (*_none_last(line.row.repair_median), line.name),
    "answer": lambda line: (*_none_last(line.row.first_answer_median), line.name),
}


@dataclass(frozen=True)
class Table:
    """`lines` are those shown, `number` is how many there are."""

    dimension: str
    lines: list[Line]
    number: int
    sort: str

    @property
    def title(self) -> str | Promise:
        return TITLES[self.dimension]

    @property
    def heading(self) -> str | Promise:
        return NAMES[self.dimension]

    @property
    def rest(self) -> int:
        return self.number - len(self.lines)

    @property
    def has_few(self) -> bool:
        return any(line.is_few for line in self.lines)


def table(
    dimension: str, rows: Sequence[Row], address: Address, links: Links, *, sort: str = WORST, most: int | None = None
) -> Table:
    sort = sort if sort in ORDERS else WORST
    lines = sorted((_line(dimension, row, address, links) for row in rows), key=ORDERS[sort])
    return Table(dimension, lines[:most], len(lines), sort)


def dimensions(person: User) -> list[str]:
    """Those that this person may compare, the usual first."""
    return [CONTRACTOR, TYPE, REGION, OPERATOR, *([DISPATCHER] if may_compare(person) else [])]


def _line(dimension: str, row: Row, address: Address, links: Links) -> Line:
    within = address.kept
    within[NAME_OF[dimension]] = row.key
    return Line(row, row.name or str(WITHOUT[dimension]), f"?{within.urlencode()}", links, dimension)


HEADINGS: tuple[tuple[str, str | Promise], ...] = (
    ("arrived", gettext_lazy("Arrived")),
    (WORST, gettext_lazy("In time")),
    ("change", pgettext_lazy("period", "Against before")),
    ("late", pgettext_lazy("closed", "Late")),
    ("overdue", pgettext_lazy("open", "Overdue")),
    ("repair", gettext_lazy("Repair")),
    ("answer", gettext_lazy("Answer")),
)
