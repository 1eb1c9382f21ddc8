"""Russia's holidays, days off moved by decree, working Saturdays and short days of a year, as a calendar wants them.

The package `holidays` says which days are off and which weekends are worked. It is asked only when a person asks for a
year; what it said then is written into the calendar, so a newer package changes nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import holidays
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from sla.calendar_sheets import Sheet, Special, Taken
from sla.calendars import WHOLE_DAY, Intervals

# Labour Code, article 112. The working day right before one of them is an hour shorter (article 95); the day before
# a day off that was only moved is not.
PUBLIC = frozenset(
    [*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)],
)  # fmt: skip
SHORTER_BY = 60
DAY = timedelta(days=1)
# These holidays are in force since 2013; later years than the last are nobody's business yet.
FIRST, LAST = 2013, 2099
_SWAPPED_WITH = re.compile(r"\d\d\.\d\d\.\d{4}")


class _List(NamedTuple):
    """What the package says of a year: days off by name, worked weekends with the day off each was swapped for."""

    off: dict[date, str]
    worked: dict[date, date]
    moved: int


class Difference(NamedTuple):
    """A day on which the calendar counts other hours than the list."""

    day: date
    here: Special
    there: Special


def take(sheet: Sheet, number: int, *, short: bool) -> Sheet:
    """The calendar with this year as the list has it; what it had of the year before is gone."""
    filled = sheet.without_year(number).with_days(days(number, sheet.week, short=short))
    return replace(filled, taken={**filled.taken, number: Taken(short, mark(number))})


def days(number: int, week: Sequence[Intervals], *, short: bool) -> dict[date, Special]:
    """The days of the year that differ from such a week; with `short`, those before holidays end an hour earlier."""
    said = _list(number)
    with translation.override(settings.LANGUAGE_CODE):
        found = {day: Special((), name) for day, name in said.off.items()}
        for day, instead in said.worked.items():
            # A worked weekend is as long as the day that became free instead of it, short where that one was.
            hours = week[instead.weekday()]
            hours = shorter(hours) if short and _is_before_holiday(instead) else hours
            found[day] = Special(hours, _("Worked instead of %(day)s") % {"day": f"{instead:%d.%m.%Y}"})
        if short:
            found |= _short_days(number, week, found)
    return found


def differences(sheet: Sheet, number: int) -> list[Difference]:
    """Where the calendar is not as the list says now; names do not matter."""
    taken = sheet.taken.get(number)
    there = days(number, sheet.week, short=taken.short if taken else True)
    found = []
    for day in sorted({*there, *sheet.of_year(number)}):
        usual = Special(sheet.week[day.weekday()])
        one, other = sheet.days.get(day, usual), there.get(day, usual)
        if one.hours != other.hours:
            found.append(Difference(day, one, other))
    return found


def is_outdated(sheet: Sheet, number: int) -> bool:
    """The year was taken from the list, and the list says something else of it now."""
    taken = sheet.taken.get(number)
    return taken is not None and taken.said != mark(number)


def is_decreed(number: int) -> bool:
    """Whether the list knows which days were moved; each autumn a decree says so for the year to come."""
    return _list(number).moved > 0


def mark(number: int) -> str:
    """A short mark of what the list says of the year; its words do not matter."""
    said = _list(number)
    days_off, worked = sorted(said.off), sorted(said.worked.items())
    return sha256(repr((days_off, worked)).encode()).hexdigest()[:12]


def shorter(day: Intervals) -> Intervals:
    """An hour less at the end. Round the clock stays so: who relieves nobody goes home no earlier."""
    if day == WHOLE_DAY:
        return day
    left, kept = SHORTER_BY, list(day)
    while kept and left:
        first, last = kept.pop()
        if last - first > left:
            kept.append((first, last - left))
            break
        left -= last - first
    return tuple(kept)


def _short_days(number: int, week: Sequence[Intervals], found: Mapping[date, Special]) -> dict[date, Special]:
    short, day = {}, date(number, 1, 1)
    while day.year == number:
        hours = week[day.weekday()]
        if day not in found and _is_before_holiday(day) and shorter(hours) != hours:
            short[day] = Special(shorter(hours), _("An hour shorter before a holiday"))
        day += DAY
    return short


def _is_before_holiday(day: date) -> bool:
    after = day + DAY
    return (after.month, after.day) in PUBLIC


@lru_cache(maxsize=64)
def _list(number: int) -> _List:
    # Only the Russian words name the day that a day off was moved from.
    said = holidays.country_holidays("RU", years=number, language="ru")
    swapped = {}
    for day, name in said.items():
        if found := _SWAPPED_WITH.search(name):
            swapped[datetime.strptime(found[0], "%d.%m.%Y").date()] = day
    shown = said
    if not settings.LANGUAGE_CODE.startswith("ru"):
        shown = holidays.country_holidays("RU", years=number, language="en_US")
    off = {day: name for day, name in sorted(shown.items()) if day.year == number}
    worked = {day: swapped.get(day, day - DAY) for day in sorted(said.weekend_workdays) if day.year == number}
    return _List(off, worked, len(swapped))
