"""Russia's days of a year as the production calendars of those years have them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sla import russian_days
from sla.calendar_sheets import Sheet, Special
from sla.calendars import WHOLE_DAY, Intervals

OFFICE: Intervals = ((540, 780), (840, 1080))
SHORT: Intervals = ((540, 780), (840, 1020))
WEEK = (*(OFFICE,) * 5, (), ())


def office() -> Sheet:
    return Sheet("Рабочие дни", "Europe/Moscow", WEEK)


def short_days(year: int) -> list[str]:
    found = russian_days.days(year, WEEK, short=True)
    return [f"{day:%d.%m}" for day, special in sorted(found.items()) if special.hours == SHORT]


# The official calendars of forty-hour weeks.
@pytest.mark.parametrize(
    ("year", "short"),
    [
        (2024, "22.02 07.03 08.05 11.06 02.11"),
        (2025, "07.03 30.04 11.06 01.11"),
        (2026, "30.04 08.05 11.06 03.11"),
        (2027, "20.02 30.04 11.06 03.11"),
    ],
)
def test_days_before_holidays_are_an_hour_shorter(year, short):
    assert short_days(year) == short.split()


@pytest.mark.parametrize(("year", "days", "hours"), [(2024, 248, 1979), (2025, 247, 1972), (2026, 247, 1972)])
def test_the_year_has_as_many_working_days_and_hours_as_the_official_calendar(year, days, hours):
    sheet = russian_days.take(office(), year, short=True)
    worked = [sheet.hours(date(year, 1, 1) + timedelta(days=each)) for each in range(365 + (year % 4 == 0))]

    assert sum(map(bool, worked)) == days
    assert sum(last - first for day in worked for first, last in day) == hours * 60


def test_a_moved_day_off_is_free_and_the_saturday_for_it_is_worked():
    days = russian_days.days(2027, WEEK, short=False)

    assert days[date(2027, 2, 22)].hours == ()
    worked = days[date(2027, 2, 20)]
    assert worked.hours == OFFICE
    assert worked.name.endswith("22.02.2027")


def test_names_are_those_of_the_holidays():
    assert russian_days.days(2026, WEEK, short=True)[date(2026, 11, 4)].name == "День народного единства"


def test_an_hour_less_is_taken_from_the_end_wherever_the_break_is():
    assert russian_days.shorter(((540, 1020), (1050, 1080))) == ((540, 990),)
    assert russian_days.shorter(((540, 600),)) == ()
    assert russian_days.shorter(WHOLE_DAY) == WHOLE_DAY


def test_without_short_days_only_free_and_worked_days_differ():
    assert not [day for day in russian_days.days(2026, WEEK, short=False).values() if day.hours == SHORT]


def test_taking_a_year_again_leaves_nothing_of_what_it_was():
    sheet = office().with_days(
        {date(2027, 7, 5): Special((), "Our day"), date(2026, 7, 6): Special((), "Another year")}
    )

    taken = russian_days.take(sheet, 2027, short=True)

    assert date(2027, 7, 5) not in taken.days
    assert taken.days[date(2026, 7, 6)].name == "Another year"
    assert russian_days.differences(taken, 2027) == []


def test_a_day_changed_by_hand_is_told_as_a_difference():
    taken = russian_days.take(office(), 2027, short=True)
    mine = taken.with_days({date(2027, 11, 5): None})

    (found,) = russian_days.differences(mine, 2027)

    assert (found.day, found.here.hours, found.there.hours) == (date(2027, 11, 5), OFFICE, ())


def test_a_list_that_says_other_days_later_is_an_offer(monkeypatch):
    taken = russian_days.take(office(), 2027, short=True)
    assert not russian_days.is_outdated(taken, 2027)

    before = russian_days._list(2027)
    decree = before._replace(off={**before.off, date(2027, 7, 9): "Выходной"})
    monkeypatch.setattr(russian_days, "_list", lambda _number: decree)

    assert russian_days.is_outdated(taken, 2027)
    assert [found.day for found in russian_days.differences(taken, 2027)] == [date(2027, 7, 9)]


def test_a_year_without_a_decree_has_only_the_holidays_of_the_law():
    assert russian_days.is_decreed(2027)
    assert not russian_days.is_decreed(2040)
    assert date(2040, 5, 9) in russian_days.days(2040, WEEK, short=True)
