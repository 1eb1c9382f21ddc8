"""Pages of the list of letters, newest first, in a time that does not grow with the number of letters.

Fate, days and history are sorted by an index. Any other choice is answered in one of two ways:
few letters fit (the database estimates how many): all of them are gathered and sorted;
many fit: the list is walked from the newest on, at most so many rows a page, and the page says how far it looked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from incidents.ledger_filters import LedgerFilter
from incidents.paging import Cursor
from mailbox.models import Receipt

SIZE = 50
NEWEST = ("-received_at", "-id")
# As many are gathered and sorted within a tenth of a second.
FEW = 20_000
MOST_NEW = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """How a list is walked: so many rows first, twice as many each time after, so many in all."""

    step: int
    most: int

    def steps(self) -> Iterator[int]:
        """What is frequent is found by the first few; what is rare is not worth many questions."""
        step, left = self.step, self.most
        while left > 0:
            yield min(step, left)
            step, left = 2 * step, left - step


# Columns are read in passing; whether a letter has the words is computed anew from its text.
BY_COLUMNS = Pace(step=250, most=20_000)
BY_WORDS = Pace(step=200, most=3_000)


@dataclass(frozen=True, slots=True)
class Page:
    """Receipts in their order, and where the next page begins; None at the end.

    `looked_back_to`: the walk ended here with the page not full, and older letters were not looked at.
    """

    keys: list[int]
    first: Cursor | None = None
    after: Cursor | None = None
    looked_back_to: datetime | None = None


def page(filters: LedgerFilter, after: Cursor | None = None) -> Page:
    """The page behind the cursor, or the first one."""
    rows, columns, letters = _behind(filters.in_order(), after), filters.columns(), filters.indexed()
    if letters is None:
        if not columns or _is_few(Receipt.objects.filter(columns)):
            return _full(_keys(rows.filter(columns)))
        return _walk(rows, columns, BY_COLUMNS)
    if _is_few(letters):
        # DISTINCT keeps the letters a question of their own: the index of words answers it, and nothing else.
        return _full(_keys(rows.filter(columns, email_id__in=letters.values("pk").distinct())))
    return _walk(rows, _all_conditions(filters), BY_WORDS if filters.text else BY_COLUMNS)


def number_above(filters: LedgerFilter, first: Cursor) -> int:
    """How many receipts have come in above this one, at most MOST_NEW."""
    rows = filters.in_order().filter(received_at__gte=first.moment)
    rows = rows.filter(Q(received_at__gt=first.moment) | Q(id__gt=first.pk)).order_by(*NEWEST)
    keys = list(rows.values_list("pk", flat=True)[:MOST_NEW])
    return len(_fitting(keys, _all_conditions(filters))) if keys else 0


def _all_conditions(filters: LedgerFilter) -> Q:
    letters = filters.letters()
    return filters.columns() if letters is None else filters.columns() & Q(email_id__in=letters.values("pk"))


def _is_few(rows: QuerySet[Any]) -> bool:
    """By the planner's statistics: it knows the most frequent words and values. Costs no look at the rows."""
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    return bool(plan[0]["Plan"]["Plan Rows"] <= FEW)


def _behind(rows: QuerySet[Receipt], cursor: Cursor | None) -> QuerySet[Receipt]:
    if cursor is None or cursor.moment is None:
        return rows
    # The first condition says nothing new: it lets the index start at the cursor.
    rows = rows.filter(received_at__lte=cursor.moment)
    return rows.filter(Q(received_at__lt=cursor.moment) | Q(id__lt=cursor.pk))


def _keys(rows: QuerySet[Receipt], most: int = SIZE + 1) -> list[Cursor]:
    found = rows.order_by(*NEWEST).values_list("received_at", "pk")[:most]
    return [Cursor(moment, pk) for moment, pk in found]


def _fitting(keys: list[int], conditions: Q) -> set[int]:
    return set(Receipt.objects.filter(conditions, pk__in=keys).values_list("pk", flat=True))


def _full(found: list[Cursor]) -> Page:
    shown = found[:SIZE]
    more = len(found) > SIZE
    return Page([each.pk for each in shown], shown[0] if shown else None, shown[-1] if more else None)


def _walk(rows: QuerySet[Receipt], conditions: Q, pace: Pace) -> Page:
    found: list[Cursor] = []
    end: Cursor | None = None
    for size in pace.steps():
        step = _keys(_behind(rows, end), size)
        fitting = _fitting([each.pk for each in step], conditions) if step else set()
        found += [each for each in step if each.pk in fitting]
        if len(found) > SIZE or len(step) < size:
            return _full(found)
        end = step[-1]
    first = found[0] if found else None
    return Page([each.pk for each in found], first, end, looked_back_to=end.moment if end else None)
