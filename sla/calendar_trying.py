"""What a calendar makes of a deadline, shown beside its form before anything is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.calendars import Calendar

FRIDAY = 4
# An evening before a weekend tells most of a calendar.
EVENING = time(17, 30)
ALLOWED = 8
SHOWN = 6


class Counted(NamedTuple):
    """One stretch that counts, by the clock of the calendar's zone."""

    since: datetime
    to: datetime

    @property
    def length(self) -> timedelta:
        return self.to - self.since


@dataclass(frozen=True, slots=True)
class Tried:
    """An incident that opens then and has so long is due at `due`; None where the calendar has too few hours."""

    opens: datetime
    allowed: timedelta
    due: datetime | None
    counted: list[Counted]
    # Stretches that are not listed.
    more: int


def evening_before_a_weekend(now: datetime, zone: ZoneInfo) -> datetime:
    """The next Friday at half past five, by the wall clock of the zone."""
    today = now.astimezone(zone).date()
    friday = today + timedelta(days=(FRIDAY - today.weekday()) % 7)
    return datetime.combine(friday, EVENING, zone)


def try_out(calendar: Calendar, opens: datetime, allowed: timedelta) -> Tried:
    """How the time is counted, stretch by stretch, in the calendar's zone."""
    due = calendar.after(opens, allowed)
    if due is None:
        return Tried(opens, allowed, None, [], 0)
    due = due.astimezone(calendar.zone)
    by_day = _cut_at_midnight(calendar, opens, due)
    return Tried(opens, allowed, due, by_day[:SHOWN], len(by_day[SHOWN:]))


def _cut_at_midnight(calendar: Calendar, opens: datetime, due: datetime) -> list[Counted]:
    """Round the clock is one stretch, but people count days."""
    cut = []
    for since, to in calendar.stretches(opens, due):
        first, last = since.astimezone(calendar.zone), to.astimezone(calendar.zone)
        while first.date() < last.date():
            midnight = datetime.combine(first.date() + timedelta(days=1), time(), calendar.zone)
            cut.append(Counted(first, midnight))
            first = midnight
        if first < last:
            cut.append(Counted(first, last))
    return cut
