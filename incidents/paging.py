"""Keyset paging: a page begins where the last one ended, on an index; nothing is counted or skipped over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from incidents.models import Incident
    from incidents.queries import IncidentQuerySet

SIZE = 50
_FORMAT = "%Y%m%dT%H%M%S.%f"
# Before a length in microseconds, of so many digits.
_LENGTH, _DIGITS = "L", 17


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort by one moment, then by id. Rows without the moment stand last, whichever way it goes."""

    field: str
    descending: bool = True
    may_be_empty: bool = False
    # A length of time by which rows without the moment are sorted; those without both stand last.
    length: str = ""

    @property
    def legs(self) -> list[str]:
        """The columns by which its parts are sorted, before the id; the part without any stands last."""
        return [self.field, *([self.length] if self.length else []), *([""] if self.may_be_empty else [])]

    def leg(self, column: str) -> Q:
        """The rows that are sorted by this column."""
        if not self.may_be_empty:
            return Q()
        before = self.legs[: self.legs.index(column)]
        empty = Q(**{f"{name}__isnull": True for name in before})
        return empty & Q(**{f"{column}__isnull": False}) if column else empty


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: the moment and the id of the row before or after it.

    Where the row has no moment, what it is sorted by instead (Order.length).
    """

    moment: datetime | None
    pk: int
    length: timedelta | None = None

    @classmethod
    def of(cls, incident: Incident, order: Order) -> Cursor:
        moment = getattr(incident, order.field)
        length = getattr(incident, order.length) if order.length and moment is None else None
        return cls(moment, incident.pk, length)

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor in an address, or None if this is not one."""
        moment, tilde, pk = text.partition("~")
        if not tilde or not _is_number(pk, 18):
            return None
        if moment[:1] == _LENGTH and _is_number(moment[1:], _DIGITS):
            return cls(None, int(pk), timedelta(microseconds=int(moment[1:])))
        try:
            return cls(datetime.strptime(moment, _FORMAT).replace(tzinfo=UTC) if moment else None, int(pk))
        except ValueError:
            return None

    def __str__(self) -> str:
        # Sorts as text too: pages put a new row at its place by it (static/js/arrivals.js).
        if self.length is not None:
            return f"{_LENGTH}{self.length // timedelta(microseconds=1):0{_DIGITS}}~{self.pk}"
        return f"{self.moment.astimezone(UTC).strftime(_FORMAT) if self.moment else ''}~{self.pk}"

    def column(self, order: Order) -> str:
        """The part of the order in which it stands."""
        if self.moment is not None:
            return order.field
        return order.length if self.length is not None else ""


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


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
    """Rows from the cursor on. Each leg of the order is asked for apart, so that each question is one index scan."""
    descending = order.descending != backwards
    legs = order.legs[::-1] if backwards else order.legs
    if cursor and len(legs) > 1 and cursor.column(order) in legs:
        # The leg the cursor stands in, and those beyond it.
        legs = legs[legs.index(cursor.column(order)) :]
    found: list[Incident] = []
    for place, column in enumerate(legs):
        start = cursor if place == 0 else None
        found += _leg(parts, order, column, start, number - len(found), descending=descending)
        if len(found) == number:
            break
    return found


def _leg(
    parts: Sequence[IncidentQuerySet],
    order: Order,
    column: str,
    start: Cursor | None,
    number: int,
    *,
    descending: bool,
) -> list[Incident]:
    """The first rows of every part, of which the first ones overall are among."""
    sign = "-" if descending else ""
    condition = order.leg(column)
    if start:
        place = start.moment if column == order.field else start.length
        condition &= _beyond(column, place, start.pk, descending)
    found: dict[int, Incident] = {}
    for part in parts:
        fields = (f"{sign}{column}", f"{sign}id") if column else (f"{sign}id",)
        found |= {row.pk: row for row in part.filter(condition).order_by(*fields)[:number]}
    if len(parts) == 1:
        return list(found.values())
    key = attrgetter(column, "pk") if column else attrgetter("pk")
    return sorted(found.values(), key=key, reverse=descending)[:number]


def _beyond(column: str, place: datetime | timedelta | None, pk: int, descending: bool) -> Q:
    side = "lt" if descending else "gt"
    farther = Q(**{f"id__{side}": pk})
    if not column or place is None:
        return farther
    # The first condition says nothing new: it lets the index start at the cursor.
    return Q(**{f"{column}__{side}e": place}) & (Q(**{f"{column}__{side}": place}) | farther)
