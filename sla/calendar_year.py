"""A year of a calendar at a glance: twelve months of days, each with its kind, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sla import calendar_words
from sla.calendar_sheets import Sheet
from sla.calendars import Intervals

if TYPE_CHECKING:
    from django.utils.functional import Promise

DAY = timedelta(days=1)


class Kind(StrEnum):
    """How a day looks. A day of the week as usual is worked or free; the others differ from it."""

    WORK = "work"
    REST = "rest"
    OFF = "off"
    SHORT = "short"
    MOVED = "moved"
    OTHER = "other"


LEGEND: dict[Kind, str | Promise] = {
    Kind.WORK: gettext_lazy("working day"),
    Kind.REST: gettext_lazy("free as every week"),
    Kind.OFF: gettext_lazy("day off"),
    Kind.SHORT: gettext_lazy("short day"),
    Kind.MOVED: gettext_lazy("worked though usually free"),
    Kind.OTHER: gettext_lazy("other hours"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. `differs`: the list of Russia's days has other hours for it."""

    day: date
    kind: Kind
    said: str
    differs: bool

    @property
    def is_special(self) -> bool:
        """It is worth saying more than its weekday."""
        return self.differs or self.kind not in {Kind.WORK, Kind.REST}


@dataclass(frozen=True, slots=True)
class Month:
    """`before`: empty cells until the first day, since weeks begin on Monday."""

    name: str
    before: range
    cells: list[Cell]
    days: int
    length: str


@dataclass(frozen=True, slots=True)
class Year:
    """Months, and how many days and hours are worked in all."""

    number: int
    months: list[Month]
    days: int
    length: str
    kinds: frozenset[Kind]

    @property
    def legend(self) -> list[tuple[str, str | Promise]]:
        """What the looks of its days mean; those that it does not have are not told."""
        return [(kind.value, words) for kind, words in LEGEND.items() if kind in self.kinds]


def lay_out(sheet: Sheet, number: int, differing: Iterable[date] = ()) -> Year:
    """The year as the calendar has it."""
    other = frozenset(differing)
    months = [_month(sheet, number, month, other) for month in range(1, 13)]
    counted = [sheet.hours(day) for day in _days(number)]
    kinds = frozenset(cell.kind for month in months for cell in month.cells)
    return Year(number, months, _worked(counted), _length(counted), kinds)


def kind_of(sheet: Sheet, day: date) -> Kind:
    """What a day is beside the usual day of its week."""
    usual, hours = sheet.week[day.weekday()], sheet.hours(day)
    if day not in sheet.days:
        return Kind.WORK if usual else Kind.REST
    if not hours:
        return Kind.OFF
    if not usual:
        return Kind.MOVED
    if hours == usual:
        return Kind.WORK
    return Kind.SHORT if _minutes(hours) < _minutes(usual) else Kind.OTHER


def _month(sheet: Sheet, number: int, month: int, other: frozenset[date]) -> Month:
    days = [day for day in _days(number) if day.month == month]
    cells = [Cell(day, kind_of(sheet, day), _said(sheet, day, day in other), day in other) for day in days]
    counted = [sheet.hours(day) for day in days]
    return Month(str(MONTHS[month]), range(days[0].weekday()), cells, _worked(counted), _length(counted))


def _said(sheet: Sheet, day: date, differs: bool) -> str:
    """“20 February 2027, Saturday: 9:00–17:00. Worked instead of 22.02.2027”."""
    words = f"{calendar_words.day_name(day)}: {calendar_words.said(sheet.hours(day))}"
    special = sheet.days.get(day)
    if special and special.name:
        words = f"{words}. {special.name}"
    return ". ".join([words, _("The list of holidays says otherwise")]) if differs else words


def _days(number: int) -> Iterator[date]:
    day = date(number, 1, 1)
    while day.year == number:
        yield day
        day += DAY


def _worked(counted: Iterable[Intervals]) -> int:
    return sum(1 for hours in counted if hours)


def _length(counted: Iterable[Intervals]) -> str:
    return calendar_words.length(sum(map(_minutes, counted)))


def _minutes(hours: Intervals) -> int:
    return sum(last - first for first, last in hours)
