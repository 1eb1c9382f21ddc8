"""A calendar as administrators edit it, and as it stands in the document of the rules.

    {"name": "Office", "zone": "Europe/Moscow", "week": [[[540, 780], [840, 1080]], …],
     "days": {"2027-02-20": [[540, 780], [840, 1020]]}, "day_names": {"2027-02-20": "…"},
     "taken": {"2027": {"short": true, "said": "1f3a…"}}}

`taken` says which years were filled from the list of Russia's holidays, and what that list said then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sla.calendars import Calendar, Intervals


class Special(NamedTuple):
    """A day that differs from its weekday."""

    hours: Intervals
    name: str = ""


class Taken(NamedTuple):
    """A year filled from the list of holidays: with short days or without, and the mark of what the list said."""

    short: bool
    said: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One calendar of the document."""

    name: str
    zone: str
    week: tuple[Intervals, ...]
    days: Mapping[date, Special] = field(default_factory=dict)
    taken: Mapping[int, Taken] = field(default_factory=dict)

    def hours(self, day: date) -> Intervals:
        """What counts on that day."""
        special = self.days.get(day)
        return self.week[day.weekday()] if special is None else special.hours

    def of_year(self, number: int) -> dict[date, Special]:
        return {day: special for day, special in self.days.items() if day.year == number}

    def calendar(self) -> Calendar:
        return Calendar(ZoneInfo(self.zone), self.week, {day: special.hours for day, special in self.days.items()})

    def with_days(self, days: Mapping[date, Special | None]) -> Sheet:
        """With these days laid over; None: as in the week."""
        kept = {day: special for day, special in self.days.items() if day not in days}
        return replace(self, days=kept | {day: special for day, special in days.items() if special is not None})

    def without_year(self, number: int) -> Sheet:
        """With no day of this year that differs from the week."""
        kept = {day: special for day, special in self.days.items() if day.year != number}
        return replace(self, days=kept, taken={year: said for year, said in self.taken.items() if year != number})

    def document(self) -> dict[str, Any]:
        """What the document of the rules keeps of it."""
        return {
            "name": self.name,
            "zone": self.zone,
            "week": [spans(day) for day in self.week],
            "days": {day.isoformat(): spans(self.days[day].hours) for day in sorted(self.days)},
            "day_names": {day.isoformat(): self.days[day].name for day in sorted(self.days) if self.days[day].name},
            "taken": {str(year): self.taken[year]._asdict() for year in sorted(self.taken)},
        }


def read(row: Mapping[str, Any], zone: str) -> Sheet:
    """A calendar of the document; `zone` is that of the desk, for one that names none."""
    names = row.get("day_names", {})
    return Sheet(
        name=row.get("name", ""),
        zone=row.get("zone") or zone,
        week=tuple(_intervals(day) for day in row["week"]),
        days={
            date.fromisoformat(day): Special(_intervals(s), names.get(day, ""))
            for day, s in row.get("days", {}).items()
        },
        taken={int(year): Taken(**said) for year, said in row.get("taken", {}).items()},
    )


def all_of(document: Mapping[str, Any]) -> dict[str, Sheet]:
    """Every calendar of the document by its key, in the order of names."""
    sheets = {key: read(row, document["zone"]) for key, row in document.get("calendars", {}).items()}
    return dict(sorted(sheets.items(), key=lambda item: item[1].name.casefold()))


def spans(day: Intervals) -> list[list[int]]:
    return [[first, last] for first, last in day]


def _intervals(spans: list[list[int]]) -> Intervals:
    return tuple((first, last) for first, last in spans)
