"""Calendars against a slow reading of the same rule: minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendars import HORIZON, WHOLE_DAY, Calendar, Intervals, always

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
OFFICE: Intervals = ((9 * 60, 13 * 60), (14 * 60, 18 * 60))
OFFICE_WEEK = (*(OFFICE,) * 5, (), ())


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def counts(calendar: Calendar, moment: datetime) -> bool:
    """The rule itself."""
    wall = moment.astimezone(calendar.zone)
    minute = wall.hour * 60 + wall.minute
    return any(since <= minute < to for since, to in calendar.intervals(wall.date()))


def slowly_counted(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    minutes = int((end - start) / MINUTE)
    return MINUTE * sum(counts(calendar, start + MINUTE * each) for each in range(minutes))


@st.composite
def intervals(draw: st.DrawFn) -> Intervals:
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


# Clocks go forward and back in these at 2, at midnight, by half an hour; Moscow's stand still.
ZONES = st.sampled_from(["Europe/Moscow", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana"])
# Weeks with a change of clocks in one of the zones, New Year, and 29 February.
DAYS = [
    date(2024, 2, 28),
    date(2026, 3, 7),
    date(2026, 3, 28),
    date(2026, 4, 4),
    date(2026, 10, 24),
    date(2026, 10, 31),
]


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = tuple(draw(st.lists(intervals(), min_size=7, max_size=7)))
    near = [day + timedelta(days=more) for day in DAYS for more in range(3)]
    return Calendar(ZoneInfo(draw(ZONES)), week, draw(st.dictionaries(st.sampled_from(near), intervals(), max_size=3)))


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    day = draw(st.sampled_from([*DAYS, date(2025, 12, 30)]))
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + MINUTE * draw(st.integers(0, 2000))


@settings(max_examples=60, deadline=None)
@given(calendars(), moments(), st.integers(0, 4000))
def test_as_much_counts_as_minute_by_minute(calendar, start, minutes):
    end = start + MINUTE * minutes

    assert calendar.counted(start, end) == slowly_counted(calendar, start, end)


@settings(max_examples=60, deadline=None)
@given(calendars(), moments(), st.integers(1, 3000))
def test_a_deadline_is_the_first_moment_when_all_is_counted(calendar, start, minutes):
    allowed = MINUTE * minutes
    due = calendar.after(start, allowed)

    if due is None:
        assert calendar.counted(start, start + HORIZON) < allowed
    else:
        assert calendar.counted(start, due) == allowed
        assert calendar.counted(start, due - MINUTE) < allowed


@settings(max_examples=60, deadline=None)
@given(calendars(), moments(), st.integers(0, 3000), st.integers(0, 3000))
def test_parts_add_up_wherever_one_cuts(calendar, start, first, second):
    middle = start + MINUTE * first
    end = middle + MINUTE * second

    assert calendar.counted(start, middle) + calendar.counted(middle, end) == calendar.counted(start, end)


def test_round_the_clock_every_second_counts():
    start = utc(2026, 3, 28, 12, 0, 7)

    assert always(BERLIN).counted(start, start + timedelta(days=3)) == timedelta(days=3)
    assert always(BERLIN).after(start, timedelta(hours=24)) == start + timedelta(hours=24)


def test_an_hour_before_the_weekend_ends_on_monday():
    friday = datetime(2026, 11, 20, 17, 30, tzinfo=MOSCOW)

    assert Calendar(MOSCOW, OFFICE_WEEK).after(friday, timedelta(hours=1)) == datetime(
        2026, 11, 23, 9, 30, tzinfo=MOSCOW
    )


def test_a_lunch_break_does_not_count():
    noon = datetime(2026, 11, 23, 12, 30, tzinfo=MOSCOW)

    assert Calendar(MOSCOW, OFFICE_WEEK).counted(noon, noon + timedelta(hours=2)) == timedelta(hours=1)


def test_a_holiday_does_not_count_and_a_working_saturday_does():
    calendar = Calendar(MOSCOW, OFFICE_WEEK, {date(2026, 11, 4): (), date(2026, 10, 31): OFFICE})

    assert calendar.counted(utc(2026, 11, 4), utc(2026, 11, 5)) == timedelta()
    assert calendar.counted(utc(2026, 10, 31), utc(2026, 11, 1)) == timedelta(hours=8)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 3), (date(2026, 10, 25), 5)])
def test_the_night_when_clocks_change_has_as_many_hours_as_pass(day, hours):
    """Berlin, midnight to four: one hour is left out in spring, one comes twice in autumn."""
    nights = Calendar(BERLIN, (((0, 240),),) * 7)
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN)

    assert nights.counted(start, start + timedelta(hours=12)) == timedelta(hours=hours)


def test_a_calendar_without_a_working_minute_has_no_deadline():
    assert Calendar(MOSCOW, ((),) * 7).after(utc(2026, 1, 1), timedelta(minutes=1)) is None


def test_neighbouring_stretches_are_one():
    calendar = Calendar(MOSCOW, (WHOLE_DAY,) * 7, {date(2026, 5, 1): ((0, 720), (720, 1440))})
    start, end = utc(2026, 4, 30), utc(2026, 5, 3)

    assert list(calendar.stretches(start, end)) == [(start, end)]
