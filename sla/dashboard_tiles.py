"""The four numbers on top: each against the period before, with its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sla import charts
from sla.charts import Line
from sla.dashboard_links import Links
from sla.desk_fields import LATE
from sla.figures.answers import Compliance, Day, share
from sla.templatetags.dashboard import grouped, length_of, percent, tenths

GOOD, BAD = "good", "bad"
# Less is as good as nothing: rounding and chance.
POINTS, MINUTE = 0.05, timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Against the period before: which way, how much, and whether that is good news."""

    is_up: bool
    words: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """`line` is the period, `before` the one it is compared with, drawn to one scale."""

    name: str
    title: str
    value: str
    href: str
    change: Change | None
    note: str
    line: Line
    before: Line
    # Another number with its list, after the note.
    other: tuple[int, str, str] | None = None


def tiles(
    now: Compliance, before: Compliance, days: Sequence[Day], days_before: Sequence[Day], links: Links
) -> list[Tile]:
    def lines(of: Callable[[Day], float | None]) -> tuple[Line, Line]:
        mine, theirs = [of(day) for day in days], [of(day) for day in days_before]
        least, most = charts.span(mine, theirs)
        return charts.line(mine, least=least, most=most), charts.line(theirs, least=least, most=most)

    was = _("was %(value)s")
    return [
        Tile(
            "kept",
            pgettext("number", "Closed in time"),
            percent(now.share),
            links.judged(),
            _points(now.share, before.share),
            was % {"value": percent(before.share)},
            *lines(lambda day: share(day.in_time, day.late)),
        ),
        Tile(
            "late",
            pgettext("number", "Closed late"),
            grouped(now.late),
            links.ended(kept=LATE),
            _number(now.late, before.late, more=BAD),
            was % {"value": grouped(before.late)},
            *lines(lambda day: day.late),
        ),
        Tile(
            "answer",
            _("First answer, median"),
            length_of(now.first_answer_median),
            links.arrived(answered="0-"),
            _time(now.first_answer_median, before.first_answer_median),
            was % {"value": length_of(before.first_answer_median)},
            Line("", ""),
            Line("", ""),
        ),
        Tile(
            "arrived",
            _("Arrived"),
            grouped(now.arrived),
            links.arrived(),
            _number(now.arrived, before.arrived),
            was % {"value": grouped(before.arrived)},
            *lines(lambda day: day.arrived),
            other=(now.ended, links.ended(), pgettext("number", "closed")),
        ),
    ]


def _points(now: float | None, before: float | None) -> Change | None:
    if now is None or before is None or abs(now - before) < POINTS:
        return None
    words = _("%(number)s points") % {"number": tenths(abs(now - before))}
    return Change(now > before, words, GOOD if now > before else BAD)


def _number(now: int, before: int, *, more: str = "") -> Change | None:
    if now == before:
        return None
    look = (more if now > before else GOOD) if more else ""
    if not before or more:
        return Change(now > before, grouped(abs(now - before)), look)
    return Change(now > before, percent(100 * abs(now - before) / before), look)


def _time(now: timedelta | None, before: timedelta | None) -> Change | None:
    if now is None or before is None or abs(now - before) < MINUTE:
        return None
    return Change(now > before, length_of(abs(now - before)), BAD if now > before else GOOD)
