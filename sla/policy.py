"""The desk's rules for its clocks, as one document of which every change is kept as a version.

    {"zone": "Europe/Moscow",
     "calendars": {"office": {"name": …, "week": [[[540, 1080]], …], "days": {"2026-11-04": []}}},
     "types": {"power-rf": 1440, …},
     "clocks": {"own:4": {"name": …, "starts": ["status:onSite"], "stops": […], "resumes": []}},
     "rules": [{"clock": "incident", "minutes": null, "calendar": "", "match": {"region": ["…"]}, "pauses": [],
                "warn": [60, 15], "escalate": 0, "name": "", "starts": […], "stops": […], "resumes": […]}, …]}

Minutes of a rule are null where the type of the incident says them; the calendar "" is round the clock. Of the rules
of a clock the one that asks for most facts is taken, the earlier one of two that ask for as many. "clocks" are the
customer's own beside those of sla.clocks; words that a rule has itself stand for those of its clock. "warn": so many
minutes before the deadline; "escalate": so many after it managers are told, null: never. What is absent is empty.
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
from sla.clock import Rule, Words
from sla.clocks import Kind

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
    name: str = ""
    # Minutes before the deadline, the earliest warning first.
    warn: tuple[int, ...] = ()
    escalate: int | None = None
    # None: as the clock has it.
    starts: Words | None = None
    stops: Words | None = None
    resumes: Words | None = None

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
    def kinds(self) -> dict[str, Kind]:
        """Every clock that rules may name: those of the code, and the customer's own."""
        return clocks.KINDS | {key: _kind(row) for key, row in self.document.get("clocks", {}).items()}

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        zone = ZoneInfo(self.document["zone"])
        named = {name: _calendar(zone, row) for name, row in self.document.get("calendars", {}).items()}
        return {"": Calendar(zone), **named}

    def choose(self, clock: str, facts: Mapping[str, str]) -> tuple[Line, Rule] | None:
        """The rule by which this clock of such an incident runs; None where there is no time to keep."""
        line = self.line(clock, facts)
        if line is None:
            return None
        minutes = line.minutes if line.minutes is not None else self.document["types"].get(facts.get("type", ""))
        return None if minutes is None else (line, self._rule(line, minutes))

    def line(self, clock: str, facts: Mapping[str, str]) -> Line | None:
        """Of the rules that take such an incident the one that asks for most; of equals the earlier one."""
        fitting = [line for line in self._by_clock.get(clock, ()) if line.takes(facts)]
        return max(fitting, key=lambda each: (len(each.match), -each.number), default=None)

    @cached_property
    def _by_clock(self) -> dict[str, list[Line]]:
        rules: dict[str, list[Line]] = {}
        for line in self.lines:
            rules.setdefault(line.clock, []).append(line)
        return rules

    def _rule(self, line: Line, minutes: int) -> Rule:
        """The same object for the same words: there are few of them, and many incidents."""
        key = (line.number, minutes)
        if key not in self._rules:
            kind = self.kinds[line.clock]
            self._rules[key] = Rule(
                allowed=timedelta(minutes=minutes),
                calendar=self.calendars[line.calendar],
                starts=kind.starts if line.starts is None else line.starts,
                stops=(kind.stops if line.stops is None else line.stops) | {clocks.END},
                resumes=kind.resumes if line.resumes is None else line.resumes,
                pauses=line.pauses,
            )
        return self._rules[key]


def _line(number: int, row: Mapping[str, Any]) -> Line:
    asked = row.get("match", {})
    return Line(
        number=number,
        clock=row["clock"],
        minutes=row.get("minutes"),
        calendar=row.get("calendar", ""),
        match={name: frozenset(asked[name]) for name in FACTS if asked.get(name)},
        pauses=frozenset(row.get("pauses", ())),
        name=row.get("name", ""),
        warn=tuple(sorted(row.get("warn", ()), reverse=True)),
        escalate=row.get("escalate"),
        starts=_own_words(row, "starts"),
        stops=_own_words(row, "stops"),
        resumes=_own_words(row, "resumes"),
    )


def _own_words(row: Mapping[str, Any], name: str) -> Words | None:
    return frozenset(row[name]) if row.get(name) is not None else None


def _kind(row: Mapping[str, Any]) -> Kind:
    """Whatever starts it, no clock runs on in a closed incident."""
    words = {name: frozenset(row.get(name, ())) for name in ("starts", "stops", "resumes")}
    return Kind(words["starts"], words["stops"] | {clocks.END}, words["resumes"])


def _calendar(zone: ZoneInfo, row: Mapping[str, Any]) -> Calendar:
    days = {date.fromisoformat(day): _intervals(spans) for day, spans in row.get("days", {}).items()}
    return Calendar(ZoneInfo(row["zone"]) if row.get("zone") else zone, tuple(map(_intervals, row["week"])), days)


def _intervals(spans: list[list[int]]) -> Intervals:
    return tuple((since, to) for since, to in spans)
