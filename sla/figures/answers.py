"""What the questions of the dashboard are answered with: plain values, ready to be drawn or written into a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Compliance:
    """How a period went. `open_*` is how it stands now, whatever the period."""

    # Opened in the period.
    arrived: int
    # Closed in the period: in time, late, and those that had no deadline.
    ended: int
    in_time: int
    late: int
    open: int
    open_overdue: int
    open_at_risk: int
    first_answer_median: timedelta | None
    repair_median: timedelta | None

    @property
    def share(self) -> float | None:
        """Of a hundred that ended with a deadline so many were in time."""
        return share(self.in_time, self.late)


@dataclass(frozen=True, slots=True)
class Row:
    """One type, region, operator, contractor or dispatcher. `key` is its word in addresses."""

    key: str
    name: str
    arrived: int
    in_time: int
    late: int
    # Ended without a deadline.
    undated: int
    overdue_open: int
    at_risk_open: int
    repair_median: timedelta | None
    first_answer_median: timedelta | None
    # Points of the share against the period before.
    change: float | None

    @property
    def ended(self) -> int:
        return self.in_time + self.late + self.undated

    @property
    def share(self) -> float | None:
        return share(self.in_time, self.late)


@dataclass(frozen=True, slots=True)
class Day:
    """One day: what was opened on it, and how what was closed on it ended."""

    day: date
    arrived: int
    in_time: int
    late: int
    # Closed without a deadline.
    undated: int

    @property
    def ended(self) -> int:
        return self.in_time + self.late + self.undated


@dataclass(frozen=True, slots=True)
class Bin:
    """So many took from `since` up to `to`; the last bin has no end."""

    since: timedelta
    to: timedelta | None
    number: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How long things took. Every bin is there, empty ones too; every whole hour of the first day is an edge."""

    bins: tuple[Bin, ...]
    median: timedelta | None
    p90: timedelta | None

    @property
    def number(self) -> int:
        return sum(each.number for each in self.bins)

    def within(self, limit: timedelta) -> int:
        """How many took less than this; exact where the limit is an edge."""
        return sum(each.number for each in self.bins if each.to is not None and each.to <= limit)


@dataclass(frozen=True, slots=True)
class Age:
    """Open incidents that were opened from `since` ago up to `to` ago; the last has no end."""

    since: timedelta
    to: timedelta | None
    number: int
    overdue: int


@dataclass(frozen=True, slots=True)
class LetterDay:
    """Letters that reached the desk and left it on a day."""

    day: date
    came: int
    left: int


@dataclass(frozen=True, slots=True)
class Site:
    """A pole where incidents repeated in the period."""

    pole: int
    code: str
    region: str
    address: str
    number: int
    open: int
    last_on: date


@dataclass(frozen=True, slots=True)
class AtRisk:
    """An open incident whose deadline is near or past."""

    code: str
    subject: str
    due_at: datetime
    pole: str
    region: str
    operator: str
    contractor: str
    # Nobody: 0 and an empty name.
    assignee: int
    assignee_name: str


def share(in_time: int, late: int) -> float | None:
    """Per cent; None where nothing ended."""
    return 100 * in_time / (in_time + late) if in_time + late else None
