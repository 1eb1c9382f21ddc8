"""Keyset paging: a page begins where the last one ended, on an index; nothing is counted or skipped over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from incidents.models import Incident
    from incidents.queries import IncidentQuerySet

SIZE = 50
_FORMAT = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort by one moment, then by id. Rows without the moment stand last, whichever way it goes."""

    field: str
    descending: bool = True
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: the moment and the id of the row before or after it."""

    moment: datetime | None
    pk: int

    @classmethod
    def of(cls, incident: Incident, order: Order) -> Cursor:
        return cls(getattr(incident, order.field), incident.pk)

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor in an address, or None if this is not one."""
        moment, tilde, pk = text.partition("~")
        if not tilde or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
            return None
        try:
            return cls(datetime.strptime(moment, _FORMAT).replace(tzinfo=UTC) if moment else None, int(pk))
        except ValueError:
            return None

    def __str__(self) -> str:
        # Sorts as text too: pages put a new row at its place by it.
        return f"{self.moment.astimezone(UTC).strftime(_FORMAT) if self.moment else ''}~{self.pk}"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursors of the pages beside this one; None at an end."""

    rows: list[Incident]
    before: Cursor | None = None
    after: Cursor | None = None


def page(
    parts: Sequence[IncidentQuerySet],
    order: Order,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    size: int = SIZE,
) -> Page:
    """The page after or before a cursor, or the first one, of the rows that the parts have together."""
    if before:
        found = _take(parts, order, before, size + 1, backwards=True)
        if len(found) <= size:
            return page(parts, order, size=size)  # nothing is left above a short page: it is the first one
        shown = found[:size][::-1]
        return Page(shown, before=Cursor.of(shown[0], order), after=Cursor.of(shown[-1], order))
    found = _take(parts, order, after, size + 1, backwards=False)
    shown = found[:size]
    more = len(found) > size
    return Page(
        shown,
        before=Cursor.of(shown[0], order) if after and shown else None,
        after=Cursor.of(shown[-1], order) if more else None,
    )


def _take(
    parts: Sequence[IncidentQuerySet], order: Order, cursor: Cursor | None, number: int, *, backwards: bool
) -> list[Incident]:
    """Rows from the cursor on. Dated and undated ones are asked for apart, so that each question is one index scan."""
    descending = order.descending != backwards
    legs = [True, False] if order.may_be_empty else [True]
    if backwards:
        legs.reverse()
    if cursor and len(legs) > 1:
        # The leg the cursor stands in, and those beyond it.
        legs = legs[legs.index(cursor.moment is not None) :]
    found: list[Incident] = []
    for place, is_dated in enumerate(legs):
        start = cursor if place == 0 else None
        found += _leg(parts, order, start, number - len(found), is_dated=is_dated, descending=descending)
        if len(found) == number:
            break
    return found


def _leg(
    parts: Sequence[IncidentQuerySet],
    order: Order,
    start: Cursor | None,
    number: int,
    *,
    is_dated: bool,
    descending: bool,
) -> list[Incident]:
    """The first rows of every part, of which the first ones overall are among."""
    sign = "-" if descending else ""
    condition = Q(**{f"{order.field}__isnull": not is_dated}) if order.may_be_empty else Q()
    if start:
        condition &= _beyond(order.field, start, descending)
    found: dict[int, Incident] = {}
    for part in parts:
        fields = (f"{sign}{order.field}", f"{sign}id") if is_dated else (f"{sign}id",)
        found |= {row.pk: row for row in part.filter(condition).order_by(*fields)[:number]}
    if len(parts) == 1:
        return list(found.values())
    key = attrgetter(order.field, "pk") if is_dated else attrgetter("pk")
    return sorted(found.values(), key=key, reverse=descending)[:number]


def _beyond(field: str, cursor: Cursor, descending: bool) -> Q:
    side = "lt" if descending else "gt"
    farther = Q(**{f"id__{side}": cursor.pk})
    if cursor.moment is None:
        return farther
    # The first condition says nothing new: it lets the index start at the cursor.
    return Q(**{f"{field}__{side}e": cursor.moment}) & (Q(**{f"{field}__{side}": cursor.moment}) | farther)
