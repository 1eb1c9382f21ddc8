"""Sums of whole months, so that a question of a year reads a few thousand rows instead of a million.

Each fact of a month is counted in every pair of dimensions: (narrowed, key) is what a question is narrowed to, or all;
(shown, value) what it is broken down by, or all. Two more are shown: the days of the month, a row for each thing that
happened with days instead of codes, and the hours of the week, one row of what arrived. And every dimension is shown a
second time without lengths, which is all that is asked of a period that another one is compared with.
"""

from __future__ import annotations

from datetime import date, timedelta

from sla.figures import sql
from sla.figures.said import ALL, ARRIVED, BY_CONTRACTOR, DAYS, DIMENSIONS, HOURS, LIGHT, NO_BIN, STAGES, said
from sla.models import Fact, SummedMonth

# Fewer facts of a month are counted as fast as their sums are read.
WORTH = 3000

_CELLS = f"""
SELECT narrowed, key, shown, value, shown.code, count(*) AS number
FROM ({said(STAGES, "sla_fact", "{day} >= %(first)s AND {day} < %(after)s")}) said
CROSS JOIN LATERAL (VALUES ({ALL}, 0), {", ".join(f"({n}, {name}::int)" for name, n in DIMENSIONS.items())})
    narrowed (narrowed, key)
CROSS JOIN LATERAL (VALUES ({ALL}, 0, said.code),
    {", ".join(f"({n}, {name}::int, said.code)" for name, n in DIMENSIONS.items())},
    {", ".join(f"({LIGHT + n}, {name}::int, 100 * what + {NO_BIN})" for name, n in DIMENSIONS.items())},
    ({DAYS}, what, day - %(first)s::date), ({HOURS}, 0, hour::int)) shown (shown, value, code)
WHERE shown.code IS NOT NULL AND (what < {BY_CONTRACTOR} OR shown %% {LIGHT} IN ({ALL}, {DIMENSIONS["contractor"]}))
    AND (shown <> {HOURS} OR what = {ARRIVED})
GROUP BY 1, 2, 3, 4, 5
"""
_ROWS = f"""
SELECT %(first)s::date, narrowed, key, shown, value, array_agg(code::smallint ORDER BY code),
    array_agg(number::int ORDER BY code)
FROM ({_CELLS}) cell GROUP BY 1, 2, 3, 4, 5
"""
_STORED = "SELECT month, narrowed, key, shown, value, codes, numbers FROM sla_factsum WHERE month = %(first)s"


def summed(since: date, until: date) -> list[date]:
    """The months that lie between the two days, both included, and whose sums are right."""
    months = SummedMonth.objects.filter(month__gte=since, month__lte=until).order_by("month")
    return [month for month in months.values_list("month", flat=True) if after(month) - timedelta(days=1) <= until]


def forget(months: set[date]) -> None:
    """The sums of these months are wrong from now on; until they are made anew, questions count facts."""
    SummedMonth.objects.filter(month__in=months).delete()


def missing(today: date) -> list[date]:
    """The months before this day's that have no right sums and are worth them, the newest first."""
    ((month,),) = sql.rows("SELECT least(min(opened_on), min(closed_on), min(contractor_closed_on)) FROM sla_fact", {})
    known, found = set(SummedMonth.objects.values_list("month", flat=True)), []
    month = month and month.replace(day=1)
    while month and month < today.replace(day=1):
        if month not in known and _is_worth(month):
            found.append(month)
        month = after(month)
    return found[::-1]


def _is_worth(month: date) -> bool:
    some = Fact.objects.filter(opened_on__gte=month, opened_on__lt=after(month))[:WORTH]
    return some.count() >= WORTH


def make(month: date) -> None:
    """Sum the facts of this month anew."""
    # Else the groups are sorted on disk.
    sql.run("SET LOCAL work_mem = '64MB'", {})
    sql.run("DELETE FROM sla_factsum WHERE month = %(first)s", _given(month))
    sql.run(
        f"INSERT INTO sla_factsum (month, narrowed, key, shown, value, codes, numbers) {_ROWS}",
        _given(month),
    )
    SummedMonth.objects.get_or_create(month=month)


def differences(month: date) -> int:
    """How many rows of this month's sums are not what its facts come to."""
    both = [(_ROWS, _STORED), (_STORED, _ROWS)]
    odd = (f"SELECT count(*) FROM (({one}) EXCEPT ({other})) odd" for one, other in both)
    return max(int(sql.rows(statement, _given(month))[0][0]) for statement in odd)


def _given(month: date) -> dict[str, date]:
    return {"first": month, "after": after(month)}


def after(month: date) -> date:
    """The first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)
