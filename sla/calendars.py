"""Which minutes count. Pure: a calendar is a value, and the same calendar gives the same answer for ever.

A moment counts if the wall clock of the calendar's zone stands inside an interval of that day. So the hour that comes
twice in autumn counts twice, and the hour that is left out in spring counts not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

# (from, to) in minutes of the wall clock since midnight, in order and apart; 1440 is the end of the day.
Intervals: TypeAlias = tuple[tuple[int, int], ...]

MINUTES_A_DAY = 24 * 60
WHOLE_DAY: Intervals = ((0, MINUTES_A_DAY),)
DAY = timedelta(days=1)
# A deadline that lies beyond is none: the calendar has hardly a working minute.
HORIZON = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A week from Monday on, and the days that differ from it: holidays, short days, working Saturdays."""

    zone: ZoneInfo
    week: tuple[Intervals, ...] = (WHOLE_DAY,) * 7
    days: Mapping[date, Intervals] = field(default_factory=dict)

    @property
    def is_always(self) -> bool:
        return not self.days and all(day == WHOLE_DAY for day in self.week)

    def intervals(self, day: date) -> Intervals:
        return self.days.get(day, self.week[day.weekday()])

    def counted(self, start: datetime, end: datetime) -> timedelta:
        """How much between the two moments counts; nothing if the end is not after the start."""
        if self.is_always:
            return max(end - start, timedelta())
        return sum((to - since for since, to in self.stretches(start, end)), timedelta())

    def after(self, start: datetime, allowed: timedelta) -> datetime | None:
        """The moment when so much has counted since `start`; None if that lies beyond HORIZON."""
        if self.is_always or not allowed:
            return start + allowed
        left = allowed
        for since, to in self.stretches(start, start + HORIZON):
            if to - since >= left:
                return since + left
            left -= to - since
        return None

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """What counts between the two moments, in order, in UTC; neighbours are one stretch."""
        open_since, open_to = None, None
        for since, to in self._pieces(start.astimezone(UTC), end.astimezone(UTC)):
            if open_to == since:
                open_to = to
                continue
            if open_since and open_to:
                yield open_since, open_to
            open_since, open_to = since, to
        if open_since and open_to:
            yield open_since, open_to

    def _pieces(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        for since, to in self._of_one_offset(start, end):
            offset = self._offset(since)
            wall, wall_end = (moment.replace(tzinfo=None) + offset for moment in (since, to))
            midnight = datetime.combine(wall.date(), time())
            while midnight < wall_end:
                for first, last in self.intervals(midnight.date()):
                    opens = max(wall, midnight + timedelta(minutes=first))
                    closes = min(wall_end, midnight + timedelta(minutes=last))
                    if opens < closes:
                        yield (opens - offset).replace(tzinfo=UTC), (closes - offset).replace(tzinfo=UTC)
                midnight += DAY

    def _of_one_offset(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Days, cut where the zone's clocks are put forward or back. No zone does so twice within a day."""
        while start < end:
            to = min(start + DAY, end)
            if self._offset(start) != self._offset(to):
                to = self._change(start, to)
            yield start, to
            start = to

    def _change(self, before: datetime, after: datetime) -> datetime:
        """The first second of another offset than at `before`; at `after` it is another one."""
        offset, low, high = self._offset(before), 0, int((after - before).total_seconds()) + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(before + timedelta(seconds=middle)) == offset:
                low = middle
            else:
                high = middle
        # Clocks change on whole seconds, whatever the fraction that `before` has.
        return min((before + timedelta(seconds=high)).replace(microsecond=0), after)

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta()


def always(zone: ZoneInfo) -> Calendar:
    """Round the clock, every day."""
    return Calendar(zone)
