"""The desk's rules for its clocks, as one document of which every change is kept as a version.

    {"zone": "Europe/Moscow",
     "calendars": {"office": {"name": …, "week": [[[540, 1080]], …], "days": {"2026-11-04": []}}},
     "types": {"power-rf": 1440, …},
     "rules": [{"clock": "incident", "minutes": null, "calendar": "", "match": {"region": ["…"]}, "pauses": [], …}]}

Minutes of a rule are null where the type of the incident says them; the calendar "" is round the clock. Of the rules
of a clock the one that asks for most facts is taken, the earlier one of two that ask for as many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sla import clocks
from sla.calendars import Calendar, Intervals
from sla.clock import Rule

# What a rule may ask of an incident.
FACTS = ("type", "group", "region", "contractor", "priority")


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of the document; `number` counts them from one, as people see them."""

    number: int
    clock: str
    minutes: int | None
    calendar: str
    match: Mapping[str, frozenset[str]]
    pauses: frozenset[str]

    def takes(self, facts: Mapping[str, str]) -> bool:
        return all(facts.get(name, "") in wanted for name, wanted in self.match.items())


@dataclass(frozen=True)
class Policy:
    """One version of the rules, ready to be asked."""

    version: int
    document: Mapping[str, Any]
    _rules: dict[tuple[int, int], Rule] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(_line(number, row) for number, row in enumerate(self.document["rules"], start=1))

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        zone = ZoneInfo(self.document["zone"])
        named = {name: _calendar(zone, row) for name, row in self.document.get("calendars", {}).items()}
        return {"": Calendar(zone), **named}

    def choose(self, clock: str, facts: Mapping[str, str]) -> tuple[Line, Rule] | None:
        """The rule by which this clock of such an incident runs; None where there is no time to keep."""
        fitting = [line for line in self.lines if line.clock == clock and line.takes(facts)]
        if not fitting:
            return None
        line = max(fitting, key=lambda each: (len(each.match), -each.number))
        minutes = line.minutes if line.minutes is not None else self.document["types"].get(facts.get("type", ""))
        return None if minutes is None else (line, self._rule(line, minutes))

    def _rule(self, line: Line, minutes: int) -> Rule:
        """The same object for the same words: there are few of them, and many incidents."""
        key = (line.number, minutes)
        if key not in self._rules:
            kind = clocks.KINDS[line.clock]
            self._rules[key] = Rule(
                allowed=timedelta(minutes=minutes),
                calendar=self.calendars[line.calendar],
                starts=kind.starts,
                stops=kind.stops,
                resumes=kind.resumes,
                pauses=line.pauses,
            )
        return self._rules[key]


def _line(number: int, row: Mapping[str, Any]) -> Line:
    match = {name: frozenset(row.get("match", {})[name]) for name in FACTS if row.get("match", {}).get(name)}
    return Line(
        number, row["clock"], row.get("minutes"), row.get("calendar", ""), match, frozenset(row.get("pauses", ()))
    )


def _calendar(zone: ZoneInfo, row: Mapping[str, Any]) -> Calendar:
    days = {date.fromisoformat(day): _intervals(spans) for day, spans in row.get("days", {}).items()}
    return Calendar(ZoneInfo(row["zone"]) if row.get("zone") else zone, tuple(map(_intervals, row["week"])), days)


def _intervals(spans: list[list[int]]) -> Intervals:
    return tuple((since, to) for since, to in spans)
