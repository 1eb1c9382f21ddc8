"""The facts of a period counted by every dimension at once: whole months by their sums, other days one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from sla.figures import sums
from sla.figures.said import (
    ALL,
    ARRIVAL,
    ARRIVED,
    CONTRACTORS_END,
    DAYS,
    DIMENSIONS,
    END,
    HOURS,
    LIGHT,
    NO_BIN,
    STAGES,
    said,
)  # fmt: skip
from sla.figures.sql import rows

# The dimensions that are narrowed, each with the keys that are taken: none of a key that nothing has.
Narrowed: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]

# So many answers are kept in memory until the figures change.
_KEPT = 64
_DAY_ZERO = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """One cell: how often each thing happened, and in which bins the time lies that it had taken."""

    numbers: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    bins: defaultdict[int, defaultdict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def add(self, code: int, number: int) -> None:
        what, took = divmod(code, 100)
        self.numbers[what] += number
        if took != NO_BIN:
            self.bins[what][took] += number

    def merge(self, other: Tally) -> None:
        for what, number in other.numbers.items():
            self.numbers[what] += number
        for what, bins in other.bins.items():
            for took, number in bins.items():
                self.bins[what][took] += number

    def took(self, *whats: int) -> dict[int, int]:
        """How many of any of these took how long, by bin."""
        found: dict[int, int] = {}
        for what in whats:
            for took, number in self.bins.get(what, {}).items():
                found[took] = found.get(took, 0) + number
        return found


@dataclass(frozen=True, slots=True)
class Counts:
    """A period: the cells by the dimension's number and the key there, what happened by day, what arrived by hour."""

    cells: defaultdict[int, defaultdict[int, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally))
    )
    days: defaultdict[date, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    hours: Counter[int] = field(default_factory=Counter)

    @property
    def all(self) -> Tally:
        return self.cells[ALL][0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A period, what it is narrowed to, and whether it is asked for less: rows without their lengths, and no hours."""

    since: date
    until: date
    narrowed: Narrowed
    is_light: bool = False


def counts(asked: Asked, stamp: UUID | None) -> Counts:
    """Everything of these days. `stamp` names the state of the figures: the same one gives the same answer."""
    return count(asked) if stamp is None else _kept(asked, stamp)


@lru_cache(maxsize=_KEPT)
def _kept(asked: Asked, stamp: UUID) -> Counts:
    return count(asked)


def forget() -> None:
    """Drop what is kept in memory."""
    _kept.cache_clear()


def count(asked: Asked) -> Counts:
    found = Counts()
    # Sums know pairs of dimensions: one that is narrowed, one that is shown.
    months = sums.summed(asked.since, asked.until) if len(asked.narrowed) < 2 else []
    if months:
        _add_sums(found, months, asked)
    stretches = list(_stretches(asked.since, asked.until, months))
    if stretches:
        _add_facts(found, stretches, asked)
    return found


def _stretches(since: date, until: date, months: Collection[date]) -> Iterator[tuple[date, date]]:
    """The days that lie in none of these months, which are in order."""
    for month in months:
        if since < month:
            yield since, month - timedelta(days=1)
        since = sums.after(month)
    if since <= until:
        yield since, until


def _add_sums(found: Counts, months: list[date], asked: Asked) -> None:
    name, keys = asked.narrowed[0] if asked.narrowed else (None, (0,))
    given = {"months": months, "narrowed": DIMENSIONS[name] if name else ALL, "keys": list(keys)}
    among = "FROM sla_factsum, unnest(codes, numbers) AS each (code, number) WHERE month = ANY(%(months)s) "
    among += "AND narrowed = %(narrowed)s AND key = ANY(%(keys)s)"
    # All of a period has its lengths, even if it is only compared with.
    shown = [ALL, *(n + LIGHT if asked.is_light else n for n in DIMENSIONS.values())]
    cells = (
        f"SELECT shown %% {LIGHT}, value, code, sum(number)::int {among} AND shown = ANY(%(shown)s) GROUP BY 1, 2, 3"
    )
    for dimension, value, code, number in rows(cells, given | {"shown": shown}):
        found.cells[dimension][value].add(code, number)
    if not asked.is_light:
        _add_hours(found, among, given)
    days = f"SELECT month + code, value, sum(number)::int {among} AND shown = {DAYS} GROUP BY 1, 2"
    for day, what, number in rows(days, given):
        found.days[day][what] += number


def _add_hours(found: Counts, among: str, given: dict[str, Any]) -> None:
    hours = f"SELECT code, sum(number)::int {among} AND shown = {HOURS} GROUP BY 1"
    for hour, number in rows(hours, given):
        found.hours[hour] += number


def _add_facts(found: Counts, stretches: Sequence[tuple[date, date]], asked: Asked) -> None:
    given = {f"since{n}": since for n, (since, _until) in enumerate(stretches)}
    given |= {f"until{n}": until for n, (_since, until) in enumerate(stretches)}
    within = " OR ".join(f"{{day}} BETWEEN %(since{n})s AND %(until{n})s" for n in range(len(stretches)))
    # Read once, though an incident may arrive and end in the period.
    any_of = " OR ".join(within.format(day=stage.day) for stage in STAGES)
    ours, theirs = (said(stages, "fact", within) for stages in ([ARRIVAL, END], [CONTRACTORS_END]))
    if asked.is_light:
        grouped = _grouped(ours, {**DIMENSIONS, "day": DAYS}, "what")
    else:
        grouped = _grouped(ours, {**DIMENSIONS, "day": DAYS, "hour": HOURS}, "code")
    statement = f"""
        WITH fact AS MATERIALIZED (SELECT * FROM sla_fact WHERE ({any_of}){narrowing(asked.narrowed)})
        {grouped} UNION ALL {_grouped(theirs, {"contractor": DIMENSIONS["contractor"]}, "code")}
    """
    for shown, value, code, number in rows(statement, given | given_of(asked.narrowed)):
        if shown == DAYS:
            found.days[_DAY_ZERO + timedelta(days=value)][code // 100] += number
        elif shown == HOURS:
            # What ends has no hour.
            found.hours[value] += number if code // 100 == ARRIVED else 0
        else:
            found.cells[shown][value].add(code, number)


def _grouped(source: str, columns: Mapping[str, int], by: str) -> str:
    """SELECT of (number of the column, value there, code, how often); of days and hours only what happened."""
    values = {"day": f"day - date '{_DAY_ZERO}'"}
    sets = [f"({name}, {'what' if number in (DAYS, HOURS) else by})" for name, number in columns.items()]
    numbered = " ".join(f"WHEN GROUPING({name}) = 0 THEN {number}" for name, number in columns.items())
    code = f"coalesce(code, 100 * what + {NO_BIN})" if any("what" in each for each in sets) else "code"
    return (
        f"SELECT CASE {numbered} ELSE {ALL} END, coalesce({', '.join(values.get(name, name) for name in columns)}, 0), "
        f"{code}, count(*)::int FROM ({source}) said GROUP BY GROUPING SETS ((code), {', '.join(sets)})"
    )


def narrowing(narrowed: Narrowed, table: str = "") -> str:
    """What follows a WHERE about facts; `given_of` has the values."""
    return "".join(f" AND {table}{name} = ANY(%({name})s)" for name, _keys in narrowed)


def given_of(narrowed: Narrowed) -> dict[str, list[int]]:
    return {name: list(keys) for name, keys in narrowed}
