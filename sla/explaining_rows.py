"""The reckoning of one clock: intervals that count or do not, each with its reason. Pure, and true to `sla.clock`.

The rows follow each other without a hole from the opening of the incident to now, or to where the clock stopped for
good; what they count adds up to the clock's own `spent`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby, pairwise

from sla.calendars import Calendar
from sla.clock import Change, Phase, Reading, Rule, State

# So many rows of one run are shown as they are; of a longer one, ordinary days between its ends are one row.
FOLDED_FROM = 9
# A run of fewer rows stays as it is.
WORTH_FOLDING = 4
NOTHING = timedelta()


class Reason(StrEnum):
    RUNS = "runs"
    # Counted on a day that differs from its week: a short day, a working Saturday.
    RUNS_SPECIAL = "runs_special"
    # Ordinary days, folded: their working hours count, nights and weekends do not.
    DAYS = "days"
    OFF_HOURS = "off_hours"
    HOLIDAY = "holiday"
    STATUS = "status"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Row:
    """From one moment to another: how much of it counted, and why that much."""

    start: datetime
    end: datetime
    counted: timedelta
    reason: Reason
    # The day's name in the calendar, for HOLIDAY and RUNS_SPECIAL.
    day: str = ""
    # The status in which it stood still or by which it stopped, and what stopped it in the words of sla.clocks.
    status: str = ""
    word: str = ""
    by: str = ""
    # Days with working time, of DAYS.
    days: int = 0

    @property
    def is_counted(self) -> bool:
        return self.counted > NOTHING or self.reason in {Reason.RUNS, Reason.RUNS_SPECIAL, Reason.DAYS}


def reckon(
    history: Sequence[Change],
    rule: Rule,
    reading: Reading,
    now: datetime,
    *,
    opened: datetime | None = None,
    day_names: Mapping[str, str] | None = None,
) -> list[Row]:
    """The rows of a clock that `read(history, rule, now)` read; none if it has not started."""
    past = [change for change in history if change.at <= now]
    rows: list[Row] = []
    if reading.started and opened and opened < reading.started:
        rows.append(Row(opened, reading.started, NOTHING, Reason.NOT_STARTED))
    for phase in reading.phases:
        end = phase.end or now
        if phase.state is State.RUNNING:
            for since, to in _cut(phase.start, end, reading.due):
                rows += _fold(_run(since, to, rule.calendar, day_names or {}), rule.calendar)
        elif phase.state is State.PAUSED:
            rows += _pause(phase, end, past)
        elif phase.end:
            rows.append(_stop(phase, end, rule))
    return [row for row in rows if row.start < row.end]


def _cut(start: datetime, end: datetime, due: datetime | None) -> list[tuple[datetime, datetime]]:
    """In two where time was over, so that a row ends there."""
    return [(start, due), (due, end)] if due and start < due < end else [(start, end)]


def _run(start: datetime, end: datetime, calendar: Calendar, names: Mapping[str, str]) -> list[Row]:
    """What of a run counts: cut where working time begins and ends, and around days that differ from their week."""
    if calendar.is_always:
        return [Row(start, end, max(end - start, NOTHING), Reason.RUNS)]
    working = list(calendar.stretches(start, end))
    edges = {start, end, *(edge for stretch in working for edge in stretch), *_special_midnights(start, end, calendar)}
    rows: list[Row] = []
    place = 0
    for since, to in pairwise(sorted(edges)):
        while place < len(working) and working[place][1] <= since:
            place += 1
        counts = place < len(working) and working[place][0] <= since
        row = _piece(since, to, counts, calendar, names)
        if rows and (rows[-1].reason, rows[-1].day) == (row.reason, row.day):
            rows[-1] = _joined(rows[-1], row)
        else:
            rows.append(row)
    return rows


def _joined(one: Row, other: Row) -> Row:
    return replace(one, end=other.end, counted=one.counted + other.counted)


def _piece(since: datetime, to: datetime, counts: bool, calendar: Calendar, names: Mapping[str, str]) -> Row:
    day = since.astimezone(calendar.zone).date()
    special = day in calendar.days
    name = names.get(day.isoformat(), "") if special else ""
    if counts:
        return Row(since, to, to - since, Reason.RUNS_SPECIAL if special else Reason.RUNS, day=name)
    is_holiday = special and not calendar.days[day]
    return Row(since, to, NOTHING, Reason.HOLIDAY if is_holiday else Reason.OFF_HOURS, day=name if is_holiday else "")


def _special_midnights(start: datetime, end: datetime, calendar: Calendar) -> Iterator[datetime]:
    first, last = (moment.astimezone(calendar.zone).date() for moment in (start, end))
    for day in calendar.days:
        if first <= day <= last:
            for midnight in (_midnight(day, calendar), _midnight(day + timedelta(days=1), calendar)):
                if start < midnight < end:
                    yield midnight


def _midnight(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day, time(), tzinfo=calendar.zone).astimezone(UTC)


def _fold(rows: list[Row], calendar: Calendar) -> list[Row]:
    """A long run with its ordinary days as one row each time; its ends and its special days stay."""
    if len(rows) < FOLDED_FROM:
        return rows
    inner = rows[1:-1]
    folded = [rows[0]]
    for is_plain, group in groupby(inner, key=lambda row: row.reason in {Reason.RUNS, Reason.OFF_HOURS}):
        some = list(group)
        folded += [_days(some, calendar)] if is_plain and len(some) >= WORTH_FOLDING else some
    return [*folded, rows[-1]]


def _days(rows: Sequence[Row], calendar: Calendar) -> Row:
    worked = {row.start.astimezone(calendar.zone).date() for row in rows if row.reason is Reason.RUNS}
    counted = sum((row.counted for row in rows), NOTHING)
    return Row(rows[0].start, rows[-1].end, counted, Reason.DAYS, days=len(worked))


def _pause(phase: Phase, end: datetime, past: Iterable[Change]) -> Iterator[Row]:
    """A row a status in which it stood still."""
    status, by, since = "", phase.cause.by, phase.start
    for change in past:
        if not change.status or change.at >= end:
            continue
        if change.at > since and change.status != status:
            yield Row(since, change.at, NOTHING, Reason.STATUS, status=status, by=by)
            since = change.at
        if change.status != status or change.at == since:
            status, by = change.status, change.by
    yield Row(since, end, NOTHING, Reason.STATUS, status=status, by=by)


def _stop(phase: Phase, end: datetime, rule: Rule) -> Row:
    word = min(phase.cause.words & rule.stops, default="")
    return Row(phase.start, end, NOTHING, Reason.STOPPED, word=word, status=phase.cause.status, by=phase.cause.by)
