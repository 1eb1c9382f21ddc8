"""Which minutes count. Pure: a calendar is a value, and the same calendar gives the same answer for ever.

A moment counts if the wall clock of the calendar's zone stands inside an interval of that day. So the hour that comes
twice in autumn counts twice, and the hour that is left out in spring counts not at all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

# (from, to) in minutes of the wall clock since midnight, in order and apart; 1440 is the end of the day.
Intervals: TypeAlias = tuple[tuple[int, int], ...]

MINUTES_A_DAY = 24 * 60
WHOLE_DAY: Intervals = ((0, MINUTES_A_DAY),)
DAY, NOTHING = timedelta(days=1), timedelta()
# A deadline that lies beyond is none: the calendar has hardly a working minute.
HORIZON = timedelta(days=5 * 366)


class Year(NamedTuple):
    """What counts in one year of UTC: stretches in order and apart, and how much has counted at the end of each."""

    opens: list[datetime]
    closes: list[datetime]
    sums: list[timedelta]

    @property
    def whole(self) -> timedelta:
        return self.sums[-1] if self.sums else NOTHING

    def until(self, moment: datetime) -> timedelta:
        """How much has counted from the beginning of the year to a moment of it."""
        opened = bisect_right(self.opens, moment)
        return self.sums[opened - 1] - max(self.closes[opened - 1] - moment, NOTHING) if opened else NOTHING

    def reaches(self, counted: timedelta) -> datetime:
        """The first moment when so much has counted; there is as much in the year, and it is more than nothing."""
        place = bisect_left(self.sums, counted)
        return self.closes[place] - (self.sums[place] - counted)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A week from Monday on, and the days that differ from it: holidays, short days, working Saturdays."""

    zone: ZoneInfo
    week: tuple[Intervals, ...] = (WHOLE_DAY,) * 7
    days: Mapping[date, Intervals] = field(default_factory=dict)
    # Each year is laid out once, since thousands of clocks ask for the same one.
    _years: dict[int, Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_always(self) -> bool:
        return not self.days and all(day == WHOLE_DAY for day in self.week)

    def intervals(self, day: date) -> Intervals:
        return self.days.get(day, self.week[day.weekday()])

    def counted(self, start: datetime, end: datetime) -> timedelta:
        """How much between the two moments counts; nothing if the end is not after the start."""
        if self.is_always or end <= start:
            return max(end - start, NOTHING)
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        whole = sum((self._year(number).whole for number in range(start.year, end.year)), NOTHING)
        return whole + self._year(end.year).until(end) - self._year(start.year).until(start)

    def after(self, start: datetime, allowed: timedelta) -> datetime | None:
        """The moment when so much has counted since `start`; None if that lies beyond HORIZON."""
        if self.is_always or not allowed:
            return start + allowed
        start = start.astimezone(UTC)
        last = start + HORIZON
        left = allowed + self._year(start.year).until(start)
        for number in range(start.year, last.year + 1):
            year = self._year(number)
            if left <= year.whole:
                due = year.reaches(left)
                return due if due <= last else None
            left -= year.whole
        return None

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """What counts between the two moments, in order, in UTC; neighbours are one stretch."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        pieces = (piece for number in range(start.year, end.year + 1) for piece in self._within(number, start, end))
        return _joined(pieces)

    def _within(self, number: int, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        year = self._year(number)
        for place in range(bisect_right(year.closes, start), bisect_left(year.opens, end)):
            yield max(year.opens[place], start), min(year.closes[place], end)

    def _year(self, number: int) -> Year:
        if number not in self._years:
            first, last = datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC)
            stretches = list(_joined(self._pieces(first, last)))
            sums = accumulate(to - since for since, to in stretches)
            opens, closes = [since for since, _to in stretches], [to for _since, to in stretches]
            self._years[number] = Year(opens, closes, list(sums))
        return self._years[number]

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


def _joined(pieces: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Neighbours as one."""
    open_since, open_to = None, None
    for since, to in pieces:
        if open_to == since:
            open_to = to
            continue
        if open_since and open_to:
            yield open_since, open_to
        open_since, open_to = since, to
    if open_since and open_to:
        yield open_since, open_to


def always(zone: ZoneInfo) -> Calendar:
    """Round the clock, every day."""
    return Calendar(zone)
