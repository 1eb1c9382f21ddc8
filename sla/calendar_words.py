"""Working hours as people type and read them: “9:00–13:00, 14:00–18:00”."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby, pairwise

from django.utils.dates import MONTHS_ALT, WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from incidents.errors import DomainError
from sla.calendars import MINUTES_A_DAY, WHOLE_DAY, Intervals

SHORT_WEEKDAYS = (
    pgettext_lazy("short weekday", "Mo"),
    pgettext_lazy("short weekday", "Tu"),
    pgettext_lazy("short weekday", "We"),
    pgettext_lazy("short weekday", "Th"),
    pgettext_lazy("short weekday", "Fr"),
    pgettext_lazy("short weekday", "Sa"),
    pgettext_lazy("short weekday", "Su"),
)
# 9-13, 9:00–13.00, 0900 — 1300.
SPAN = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?\s*[-–—−]\s*(\d{1,2})(?:[:.]?(\d{2}))?")
BETWEEN = re.compile(r"(?:[\s,;+]|и|and)*", re.IGNORECASE)
DAY_OFF = re.compile(r"[-–—−\s]*")


def intervals(typed: str) -> Intervals:
    """What was typed, in order; nothing is a day off. Raises DomainError that says what is wrong."""
    if DAY_OFF.fullmatch(typed):
        return ()
    if not BETWEEN.fullmatch(SPAN.sub("", typed)):
        said = _("“%(words)s” is not understood. Type hours as 9:00–13:00, 14:00–18:00; nothing for a day off.")
        raise DomainError(said % {"words": typed.strip()[:60]})
    return _apart(sorted(_span(found) for found in SPAN.finditer(typed)))


def _span(found: re.Match[str]) -> tuple[int, int]:
    first, last = (int(found[at]) * 60 + int(found[at + 1] or 0) for at in (1, 3))
    if any(int(found[at] or 0) > 59 for at in (2, 4)) or last > MINUTES_A_DAY:
        raise DomainError(_("%(span)s: there is no such time.") % {"span": found[0]})
    if first >= last:
        said = _("%(span)s ends before it begins. A night is two parts: until 24:00, and from 0:00 on the next day.")
        raise DomainError(said % {"span": found[0]})
    return first, last


def _apart(spans: Sequence[tuple[int, int]]) -> Intervals:
    """Neighbours as one; what overlaps was meant otherwise."""
    for one, other in pairwise(spans):
        if other[0] < one[1]:
            raise DomainError(_("%(one)s and %(other)s overlap.") % {"one": hours((one,)), "other": hours((other,))})
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def hours(day: Intervals) -> str:
    """As it is typed; nothing for a day off."""
    return ", ".join(f"{clock(first)}–{clock(last)}" for first, last in day)


def clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def said(day: Intervals) -> str:
    """As it is read."""
    if day == WHOLE_DAY:
        return _("round the clock")
    return hours(day) or pgettext("day", "off")


def week(days: Sequence[Intervals]) -> list[str]:
    """“Mo–Fr 9:00–18:00”, “Sa 10:00–14:00”: neighbours with the same hours together, days off left out."""
    if all(day == WHOLE_DAY for day in days):
        return [_("round the clock")]
    lines, first = [], 0
    for same, run in groupby(days):
        last = first + len(list(run)) - 1
        if same:
            names = str(SHORT_WEEKDAYS[first])
            names = f"{names}–{SHORT_WEEKDAYS[last]}" if last > first else names
            lines.append(f"{names} {said(same)}")
        first = last + 1
    return lines or [_("no working hours at all")]


def length(minutes: int) -> str:
    """“8 h”, “7 h 30 m”, “1 972 h”."""
    hours = f"{minutes // 60:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if minutes % 60:
        return _("%(hours)s h %(minutes)02d m") % {"hours": hours, "minutes": minutes % 60}
    return _("%(hours)s h") % {"hours": hours}


def day_name(day: date) -> str:
    """“20 February 2027, Saturday”."""
    return f"{date_words(day)}, {weekday(day)}"


def date_words(day: date) -> str:
    """“20 February 2027”; quicker than a format that has to be read, for who names every day of a year."""
    return f"{day.day} {MONTHS_ALT[day.month]} {day.year}"


def weekday(day: date) -> str:
    """“Saturday”, as it stands in the middle of a sentence: Django names it with a capital, only English does."""
    name = str(WEEKDAYS[day.weekday()])
    return name if (get_language() or "").startswith("en") else name.lower()


def short_day(day: date) -> str:
    """“Fr 20 November”."""
    return f"{SHORT_WEEKDAYS[day.weekday()]} {date_format(day, 'j E')}"


def moment(at: datetime) -> str:
    """“Monday, 23 November 2026, 9:30”, by the clock that the moment is told in."""
    return f"{weekday(at)}, {date_words(at)}, {clock(at.hour * 60 + at.minute)}"


def working_days(number: int) -> str:
    return ngettext("%(n)d working day", "%(n)d working days", number) % {"n": number}
