"""The rows of a reckoning say what the clock says: every moment has one row, and what counts adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendars import Calendar
from sla.clock import Change, Rule, State, read
from sla.explaining_rows import FOLDED_FROM, Reason, Row, reckon
from tests.sla.test_clock import INCIDENT, MINUTE, MOSCOW, NOW, OFFICE, RULES, histories, opened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Monday is a holiday, Tuesday is short, the Saturday before is worked.
SPECIAL = replace(
    OFFICE,
    days={date(2026, 11, 21): ((540, 1020),), date(2026, 11, 23): (), date(2026, 11, 24): ((540, 780), (840, 1020))},
)
NAMES = {"2026-11-21": "Рабочая суббота", "2026-11-23": "День памяти", "2026-11-24": "Короткий день"}


def rows_of(history: list[Change], rule: Rule, now: datetime, **more: object) -> list[Row]:
    return reckon(history, rule, read(history, rule, now), now, day_names=NAMES, **more)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(histories(), RULES, st.sampled_from([None, SPECIAL]), st.integers(0, 30000))
def test_what_counts_adds_up_and_no_moment_is_left_out(history, rule, calendar, minutes):
    rule = replace(rule, calendar=calendar) if calendar else rule
    now = NOW + MINUTE * minutes
    reading = read(history, rule, now)

    rows = reckon(history, rule, reading, now, opened=NOW)

    assert sum((row.counted for row in rows), timedelta()) == reading.spent
    assert all(one.end == other.start for one, other in pairwise(rows))
    assert all(row.start < row.end for row in rows)
    if reading.started and rows:
        assert rows[0].start == min(NOW, reading.started)
        assert rows[-1].end == (reading.stopped or now)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 60 * 24 * 60), st.integers(1, 90 * 24 * 60))
def test_a_folded_run_counts_what_the_calendar_counts(start, length):
    since = NOW + MINUTE * start
    history = [Change(since, frozenset({"opened"}), "new")]
    now = since + MINUTE * length

    rows = rows_of(history, replace(INCIDENT, calendar=SPECIAL, allowed=9999 * HOUR), now)

    for row in rows:
        assert row.counted == SPECIAL.counted(row.start, row.end)
    assert all(row.counted == row.end - row.start for row in rows if row.reason is Reason.RUNS)


def test_nights_weekends_and_holidays_say_what_they_are():
    # Friday noon to Tuesday noon.
    rows = rows_of([opened()], replace(INCIDENT, calendar=SPECIAL), NOW + 4 * DAY)

    said = [(row.reason, row.day) for row in rows if row.reason is not Reason.RUNS]
    assert said == [
        (Reason.OFF_HOURS, ""),
        (Reason.OFF_HOURS, ""),
        (Reason.RUNS_SPECIAL, "Рабочая суббота"),
        (Reason.OFF_HOURS, ""),
        (Reason.HOLIDAY, "День памяти"),
        (Reason.OFF_HOURS, ""),
        (Reason.RUNS_SPECIAL, "Короткий день"),
    ]


def test_a_pause_names_each_status_and_who_set_it():
    history = [
        opened(),
        Change(NOW + HOUR, frozenset(), "waiting", 7, "Павел Седов"),
        Change(NOW + 2 * HOUR, frozenset(), "asked", 8, "Анна Крылова"),
        Change(NOW + 3 * HOUR, frozenset(), "working", 9, "Анна Крылова"),
    ]

    rows = rows_of(history, replace(INCIDENT, pauses=frozenset({"waiting", "asked"})), NOW + 4 * HOUR)

    assert [(row.reason, row.status, row.by) for row in rows] == [
        (Reason.RUNS, "", ""),
        (Reason.STATUS, "waiting", "Павел Седов"),
        (Reason.STATUS, "asked", "Анна Крылова"),
        (Reason.RUNS, "", ""),
    ]


def test_the_time_it_was_closed_is_a_row_that_says_so():
    history = [
        opened(),
        Change(NOW + HOUR, frozenset({"class:end"}), "closed", 7, "Павел Седов"),
        Change(NOW + 5 * HOUR, frozenset({"reopened"}), "working", 8, "Анна Крылова"),
    ]

    rows = rows_of(history, INCIDENT, NOW + 6 * HOUR)

    assert [(row.reason, row.word, row.status, row.by) for row in rows][1] == (
        Reason.STOPPED, "class:end", "closed", "Павел Седов",
    )  # fmt: skip
    assert [row.counted for row in rows] == [HOUR, timedelta(), HOUR]


def test_before_it_starts_nothing_counts():
    rule = replace(INCIDENT, starts=frozenset({"handed_over"}))
    history = [opened(), Change(NOW + HOUR, frozenset({"handed_over"}), "given")]

    rows = rows_of(history, rule, NOW + 2 * HOUR, opened=NOW)

    assert [(row.reason, row.counted) for row in rows] == [(Reason.NOT_STARTED, timedelta()), (Reason.RUNS, HOUR)]


def test_weeks_of_ordinary_days_are_one_row_and_a_few_days_are_not_folded():
    rule = replace(INCIDENT, calendar=OFFICE, allowed=999 * HOUR)

    long = rows_of([opened()], rule, NOW + 60 * DAY)
    short = rows_of([opened()], rule, NOW + HOUR * 8)

    assert len(long) < FOLDED_FROM
    (days,) = [row for row in long if row.reason is Reason.DAYS]
    assert days.days > 35
    assert Reason.DAYS not in {row.reason for row in short}


def test_a_row_ends_where_time_was_over():
    rule = replace(INCIDENT, calendar=OFFICE, allowed=100 * HOUR)
    now = NOW + 60 * DAY
    due = read([opened()], rule, now).due

    rows = rows_of([opened()], rule, now)

    before = [row for row in rows if due and row.end <= due]
    assert due in {row.end for row in rows}
    assert sum((row.counted for row in before), timedelta()) == rule.allowed


def test_a_calendar_of_another_zone_cuts_days_at_its_own_midnight():
    calendar = Calendar(MOSCOW, (((0, 1440),),) * 7, {date(2026, 11, 21): ()})

    rows = rows_of([opened()], replace(INCIDENT, calendar=calendar, allowed=99 * HOUR), NOW + 2 * DAY)

    (holiday,) = [row for row in rows if row.reason is Reason.HOLIDAY]
    assert holiday.start == datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    assert holiday.end - holiday.start == DAY


def test_a_clock_that_never_started_has_no_rows():
    assert rows_of([], INCIDENT, NOW) == []
    assert read([], INCIDENT, NOW).state is State.IDLE
