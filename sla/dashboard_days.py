"""The period day by day, or week by week where it is long: for lines, and for the table beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from sla import charts
from sla.charts import Line
from sla.dashboard_links import Links
from sla.desk_fields import IN_TIME, LATE
from sla.figures.answers import Day, share

DAY = timedelta(days=1)
# Longer periods are drawn week by week, and month by month.
MOST_BY_DAY, MOST_BY_WEEK = 62, 400
DAYS_HIGH = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """One day, week or month of the period."""

    first: date
    last: date
    arrived: int
    ended: int
    in_time: int
    late: int
    links: Links

    @property
    def share(self) -> float | None:
        return share(self.in_time, self.late)

    @property
    def words(self) -> str:
        if self.first == self.last:
            return date_format(self.first, "d.m, D")
        return f"{date_format(self.first, 'd.m')} – {date_format(self.last, 'd.m.y')}"

    @property
    def short(self) -> str:
        return date_format(self.first, "d.m")

    @property
    def arrived_href(self) -> str:
        return self.links.arrived()

    @property
    def ended_href(self) -> str:
        return self.links.ended()

    @property
    def in_time_href(self) -> str:
        return self.links.ended(kept=IN_TIME)

    @property
    def late_href(self) -> str:
        return self.links.ended(kept=LATE)


@dataclass(frozen=True, slots=True)
class Course:
    """The pieces in order, and the three lines drawn to one scale."""

    pieces: list[Piece]
    arrived: Line
    ended: Line
    late: Line
    most: int

    @property
    def marks(self) -> list[str]:
        """Some days below the chart, the first and the last among them."""
        step = max(1, -(-len(self.pieces) // 8))
        return [piece.short for piece in self.pieces[::step]]


def course(days: Sequence[Day], links: Links) -> Course:
    pieces = [_piece(several, links) for several in _gathered(days)]
    most = max((max(piece.arrived, piece.ended) for piece in pieces), default=0)
    arrived, ended, late = (
        charts.line([getattr(piece, name) for piece in pieces], least=0, most=max(most, 1), height=DAYS_HIGH)
        for name in ("arrived", "ended", "late")
    )
    return Course(pieces, arrived, ended, late, most)


def _gathered(days: Sequence[Day]) -> Iterator[list[Day]]:
    several: list[Day] = []
    for day in days:
        if several and _place(day.day, len(days)) != _place(several[0].day, len(days)):
            yield several
            several = []
        several.append(day)
    if several:
        yield several


def _place(day: date, length: int) -> tuple[int, ...]:
    if length <= MOST_BY_DAY:
        return (day.toordinal(),)
    return day.isocalendar()[:2] if length <= MOST_BY_WEEK else (day.year, day.month)


def _piece(days: Sequence[Day], links: Links) -> Piece:
    first, last = days[0].day, days[-1].day
    return Piece(
        first,
        last,
        sum(day.arrived for day in days),
        sum(day.ended for day in days),
        sum(day.in_time for day in days),
        sum(day.late for day in days),
        links.within(first, last),
    )


def unit(length: int) -> str:
    """What one point of the lines stands for."""
    if length <= MOST_BY_DAY:
        return _("by days")
    return _("by weeks") if length <= MOST_BY_WEEK else _("by months")
