"""What the pages of calendars show: the list, the rules behind a calendar, a day that is being changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.forms import BoundField

from sla import calendar_sheets, calendar_words, calendar_zones, russian_days
from sla.calendar_forms import As, DayForm, SheetForm
from sla.calendar_sheets import Sheet, Special
from sla.calendar_trying import Counted, Tried
from sla.calendars import MINUTES_A_DAY, Intervals
from sla.policy import Policy
from sla.rule_words import Names, Said, say
from sla.russian_days import Difference

OFFICE: Intervals = ((9 * 60, 13 * 60), (14 * 60, 18 * 60))
# From this month on a calendar should know the holidays of the year to come.
AUTUMN = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One calendar of the list."""

    key: str
    name: str
    zone: str
    week: list[str]
    # Days that differ from the week, by year.
    years: list[tuple[int, int]]
    rules: list[tuple[int, Said]]
    # The year that it should know by now and does not.
    missing: int | None
    # A year that was taken from the list of holidays, of which the list says other days now.
    outdated: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a day may be made, and what that means for its hours."""

    value: As
    hours: str
    is_chosen: bool

    @property
    def label(self) -> str:
        return str(self.value.label)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The day that is being changed."""

    day: date
    title: str
    form: DayForm
    choices: list[Choice]

    @property
    def own(self) -> str:
        return str(self.form.fields["own"].prepare_value(self.form["own"].value()) or "")


@dataclass(frozen=True, slots=True)
class Weekday:
    """A row of the week: what is typed, and what is understood of it."""

    number: int
    field: BoundField
    hours: Intervals

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each part begins and how long it is, for drawing."""
        return [(first, last - first) for first, last in self.hours]

    @property
    def length(self) -> str:
        return calendar_words.length(minutes(self.hours)) if self.hours else ""

    @property
    def typed(self) -> str:
        """What the field shows: what was understood, or what was not."""
        return str(self.field.value() or "") if self.field.errors else calendar_words.hours(self.hours)

    @property
    def errors(self) -> list[str]:
        return [str(error) for error in self.field.errors]


class CountedRow(NamedTuple):
    """A stretch that counts, in words."""

    day: str
    hours: str
    length: str


class DifferenceRow(NamedTuple):
    """A day on which the calendar and the list of holidays differ, in words."""

    name: str
    here: str
    there: str


def rows(document: Mapping[str, Any], today: date) -> list[Row]:
    """Every calendar of the rules by name."""
    by_key = rules_by_calendar(document)
    return [_row(key, sheet, by_key.get(key, []), today) for key, sheet in calendar_sheets.all_of(document).items()]


def rules_by_calendar(document: Mapping[str, Any]) -> dict[str, list[tuple[int, Said]]]:
    """The rules that count by each calendar, by its key; round the clock has the key ""."""
    names, found = Names((document,)), dict[str, list[tuple[int, Said]]]()
    for line in Policy(0, document).lines:
        found.setdefault(line.calendar, []).append((line.number, say(line, names)))
    return found


def first_sheet(zone: str) -> Sheet:
    """What a new calendar begins as."""
    return Sheet("", zone, (*(OFFICE,) * 5, (), ()))


def chosen(sheet: Sheet, form: DayForm) -> Chosen | None:
    """The day of the form with what it may be made; None if the form names none."""
    try:
        day: date = form.fields["day"].clean(form["day"].value())
    except ValidationError:
        return None
    usual, made = sheet.week[day.weekday()], form["made"].value()
    hours = {As.WEEK: usual, As.OFF: (), As.SHORT: russian_days.shorter(usual)}
    choices = [Choice(each, calendar_words.said(said), each == made) for each, said in hours.items()]
    if hours[As.SHORT] == usual:
        choices = [choice for choice in choices if choice.value != As.SHORT]
    own = Choice(As.OWN, "", made == As.OWN or made not in {choice.value for choice in choices})
    return Chosen(day, calendar_words.day_name(day), form, [*choices, own])


def week(form: SheetForm, sheet: Sheet) -> list[Weekday]:
    """Monday to Sunday."""
    both = zip(form.week, sheet.week, strict=True)
    return [Weekday(number, field, hours) for number, (field, hours) in enumerate(both)]


def week_length(sheet: Sheet) -> str:
    return calendar_words.length(sum(map(minutes, sheet.week)))


def counted(tried: Tried) -> list[CountedRow]:
    """How the time of the tried incident was counted."""
    return [
        CountedRow(
            calendar_words.short_day(each.since),
            calendar_words.hours((_minutes_of(each),)),
            calendar_words.length(round(each.length.total_seconds() / 60)),
        )
        for each in tried.counted
    ]


def differences(found: Iterable[Difference]) -> list[DifferenceRow]:
    return [DifferenceRow(calendar_words.day_name(each.day), _of_day(each.here), _of_day(each.there)) for each in found]


def _of_day(special: Special) -> str:
    hours = calendar_words.said(special.hours)
    return f"{hours}, {special.name}" if special.name else hours


def _minutes_of(each: Counted) -> tuple[int, int]:
    """From and to within its day, of which midnight is the end."""
    first, last = (moment.hour * 60 + moment.minute for moment in each)
    return first, last or MINUTES_A_DAY


def minutes(hours: Intervals) -> int:
    return sum(last - first for first, last in hours)


def _row(key: str, sheet: Sheet, rules: list[tuple[int, Said]], today: date) -> Row:
    years = sorted({day.year for day in sheet.days if day.year >= today.year})
    coming = today.year + 1
    is_late = bool(rules) and today.month >= AUTUMN and today.year in sheet.taken and coming not in sheet.taken
    old = [year for year in sheet.taken if year >= today.year and russian_days.is_outdated(sheet, year)]
    return Row(
        key=key,
        name=sheet.name,
        zone=calendar_zones.words(sheet.zone),
        week=calendar_words.week(sheet.week),
        years=[(year, len(sheet.of_year(year))) for year in years],
        rules=rules,
        missing=coming if is_late else None,
        outdated=min(old, default=None),
    )
