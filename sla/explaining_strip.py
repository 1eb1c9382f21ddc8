"""The course of a clock as a strip: what counts dark, what does not pale, the deadline a stroke. In thousandths."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sla.explaining import Account
from sla.explaining_rows import Reason

WIDTH = 1000
# Thinner ones could not be seen.
THINNEST = 2
# The deadline's.
STROKE = 3


@dataclass(frozen=True, slots=True)
class Part:
    x: int
    width: int
    # A class of explain.css.
    look: str


@dataclass(frozen=True, slots=True)
class Strip:
    parts: tuple[Part, ...]
    # Where time is over; None if that is not known, or lies so far off that the course could not be seen.
    due: int | None
    start: datetime
    end: datetime


LOOKS = {Reason.STATUS: "stands", Reason.STOPPED: "ended", Reason.NOT_STARTED: "before", Reason.DAYS: "days"}


def strip(account: Account) -> Strip | None:
    """None where there is nothing to draw yet."""
    if not account.rows:
        return None
    start, end = account.rows[0].start, account.rows[-1].end
    # A deadline ahead is drawn, too, unless it would press all else into a corner.
    if account.due and end < account.due <= end + (end - start) * 4:
        end = account.due
    whole = end - start

    def place(moment: datetime) -> int:
        return round((moment - start) / whole * WIDTH)

    parts = []
    for row in account.rows:
        x = min(place(row.start), WIDTH - THINNEST)
        look = "over" if account.due and row.is_counted and row.start >= account.due else ""
        look = look or LOOKS.get(row.reason) or ("runs" if row.is_counted else "off")
        parts.append(Part(x, max(place(row.end) - x, THINNEST), look))
    due = min(place(account.due), WIDTH - STROKE) if account.due and start <= account.due <= end else None
    return Strip(tuple(parts), due, start, end)
