"""The facts of a period counted by every dimension at once: whole months by their sums, other days one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection

from sla.figures import sums
from sla.figures.said import ALL, ARRIVED, DAYS, DIMENSIONS, HOURS, NO_BIN, said

# The dimensions that are narrowed, each with the keys that are taken: none of a key that nothing has.
Narrowed: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]

# So many answers are kept in memory until the figures change.
_KEPT = 64
_COLUMNS = (*DIMENSIONS, "day", "hour")
_SETS = ", ".join(["(what, bin)", *(f"({name}, what, bin)" for name in DIMENSIONS), "(day, what)", "(hour, what)"])
# GROUPING() has a bit for each column that a row is not grouped by, the last column's is the lowest.
_WHICH = {(1 << len(_COLUMNS)) - 1: ALL} | {
    (1 << len(_COLUMNS)) - 1 - (1 << len(_COLUMNS) - number): number for number in range(1, len(_COLUMNS) + 1)
}
_DAY_ZERO = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each code was met in one cell."""

    codes: Counter[int] = field(default_factory=Counter)

    def number(self, *whats: int) -> int:
        return sum(number for code, number in self.codes.items() if code // 100 in whats)

    def bins(self, *whats: int) -> Counter[int]:
        """How many took how long."""
        found: Counter[int] = Counter()
        for code, number in self.codes.items():
            if code // 100 in whats and code % 100 != NO_BIN:
                found[code % 100] += number
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


def counts(since: date, until: date, narrowed: Narrowed, stamp: UUID | None) -> Counts:
    """Everything of these days. `stamp` names the state of the figures: the same one gives the same answer."""
    return _count(since, until, narrowed) if stamp is None else _kept(since, until, narrowed, stamp)


@lru_cache(maxsize=_KEPT)
def _kept(since: date, until: date, narrowed: Narrowed, stamp: UUID) -> Counts:
    return _count(since, until, narrowed)


def forget() -> None:
    """Drop what is kept in memory."""
    _kept.cache_clear()


def _count(since: date, until: date, narrowed: Narrowed) -> Counts:
    found = Counts()
    # Sums know pairs of dimensions: one that is narrowed, one that is shown.
    months = sums.summed(since, until) if len(narrowed) < 2 else []
    if months:
        _add_sums(found, months, narrowed)
    stretches = list(_stretches(since, until, months))
    if stretches:
        _add_facts(found, stretches, narrowed)
    return found


def _stretches(since: date, until: date, months: Collection[date]) -> Iterator[tuple[date, date]]:
    """The days that lie in none of these months, which are in order."""
    for month in months:
        if since < month:
            yield since, month - timedelta(days=1)
        since = sums.after(month)
    if since <= until:
        yield since, until


def _add_sums(found: Counts, months: list[date], narrowed: Narrowed) -> None:
    name, keys = narrowed[0] if narrowed else (None, (0,))
    given = {"months": months, "narrowed": DIMENSIONS[name] if name else ALL, "keys": list(keys)}
    among = "FROM sla_factsum, unnest(codes, numbers) AS each (code, number) WHERE month = ANY(%(months)s) "
    among += "AND narrowed = %(narrowed)s AND key = ANY(%(keys)s)"
    cells = f"SELECT shown, value, code, sum(number)::int {among} AND shown <> {DAYS} GROUP BY 1, 2, 3"
    for shown, value, code, number in _rows(cells, given):
        if shown == HOURS:
            found.hours[code] += number
        else:
            found.cells[shown][value].codes[code] += number
    days = f"SELECT month + code, value, sum(number)::int {among} AND shown = {DAYS} GROUP BY 1, 2"
    for day, what, number in _rows(days, given):
        found.days[day][what] += number


def _add_facts(found: Counts, stretches: Sequence[tuple[date, date]], narrowed: Narrowed) -> None:
    given = {f"since{n}": since for n, (since, _until) in enumerate(stretches)}
    given |= {f"until{n}": until for n, (_since, until) in enumerate(stretches)}
    within = " OR ".join(f"{{day}} BETWEEN %(since{n})s AND %(until{n})s" for n in range(len(stretches)))
    statement = f"""
        SELECT GROUPING({", ".join(_COLUMNS)}), what, bin, count(*),
            coalesce({", ".join(DIMENSIONS)}, day - date '{_DAY_ZERO}', hour, 0)
        FROM ({said(f"({within}){narrowing(narrowed)}")}) said GROUP BY GROUPING SETS ({_SETS})"""
    for which, what, bin_, number, value in _rows(statement, given | given_of(narrowed)):
        shown = _WHICH[which]
        if shown == DAYS:
            found.days[_DAY_ZERO + timedelta(days=value)][what] += number
        elif shown == HOURS:
            # What ends has no hour.
            found.hours[value] += number if what == ARRIVED else 0
        else:
            found.cells[shown][value].codes[100 * what + bin_] += number


def narrowing(narrowed: Narrowed, table: str = "") -> str:
    """What follows a WHERE about facts; `given_of` has the values."""
    return "".join(f" AND {table}{name} = ANY(%({name})s)" for name, _keys in narrowed)


def given_of(narrowed: Narrowed) -> dict[str, list[int]]:
    return {name: list(keys) for name, keys in narrowed}


def _rows(statement: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()
