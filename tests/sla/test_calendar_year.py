"""The year of a calendar at a glance, the list of calendars, and what is tried on one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from sla import calendar_rows, calendar_sheets, calendar_trying, calendar_year, calendar_zones, russian_days
from sla.calendar_sheets import Sheet, Special
from sla.calendar_year import Kind
from sla.calendars import WHOLE_DAY, Calendar, Intervals

OFFICE: Intervals = ((540, 780), (840, 1080))
WEEK = (*(OFFICE,) * 5, (), ())
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def office() -> Sheet:
    return Sheet("Рабочие дни", "Europe/Moscow", WEEK)


@pytest.mark.parametrize(
    ("day", "hours", "kind"),
    [
        (date(2027, 2, 19), None, Kind.WORK),
        (date(2027, 2, 20), None, Kind.REST),
        (date(2027, 2, 19), (), Kind.OFF),
        (date(2027, 2, 20), (), Kind.OFF),
        (date(2027, 2, 20), OFFICE, Kind.MOVED),
        (date(2027, 2, 19), ((540, 780),), Kind.SHORT),
        (date(2027, 2, 19), WHOLE_DAY, Kind.OTHER),
        # A day that is named but works as usual.
        (date(2027, 2, 19), OFFICE, Kind.WORK),
    ],
)
def test_a_day_looks_as_it_differs_from_its_week(day, hours, kind):
    sheet = office() if hours is None else office().with_days({day: Special(hours)})

    assert calendar_year.kind_of(sheet, day) is kind


def test_a_year_adds_up_and_names_only_the_looks_it_has():
    year = calendar_year.lay_out(russian_days.take(office(), 2026, short=True), 2026, [date(2026, 7, 6)])

    assert (year.days, year.length) == (247, "1\N{NARROW NO-BREAK SPACE}972 h")
    assert [len(month.cells) for month in year.months] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    # The first of January 2026 is a Thursday.
    assert len(year.months[0].before) == 3
    assert [kind for kind, _words in year.legend] == ["work", "rest", "off", "short"]
    assert [cell.day for month in year.months for cell in month.cells if cell.differs] == [date(2026, 7, 6)]
    assert "День народного единства" in year.months[10].cells[3].said


def rows(sheet: Sheet, today: date, *, used: bool) -> calendar_rows.Row:
    rule = {"clock": "incident", "minutes": 60, "calendar": "office" if used else ""}
    document = {"zone": "Europe/Moscow", "calendars": {"office": sheet.document()}, "types": {}, "rules": [rule]}
    (row,) = calendar_rows.rows(document, today)
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("today", "used", "missing"),
    [
        (date(2026, 9, 30), True, None),
        (date(2026, 10, 1), True, 2027),
        (date(2026, 12, 31), True, 2027),
        (date(2026, 12, 31), False, None),
        (date(2027, 1, 1), True, None),
    ],
)
def test_from_october_on_a_used_calendar_should_know_the_holidays_to_come(today, used, missing):
    sheet = russian_days.take(office(), 2026, short=True)

    assert rows(sheet, today, used=used).missing == missing


@pytest.mark.django_db
def test_a_year_of_which_the_list_says_other_days_now_is_told(monkeypatch):
    sheet = russian_days.take(office(), 2026, short=True)
    assert rows(sheet, date(2026, 1, 1), used=True).outdated is None

    monkeypatch.setattr(russian_days, "mark", lambda _number: "other")

    assert rows(sheet, date(2026, 1, 1), used=True).outdated == 2026
    assert rows(sheet, date(2027, 1, 1), used=True).outdated is None


def test_a_calendar_is_read_from_the_document_as_it_was_written():
    sheet = russian_days.take(office(), 2027, short=True).with_days({date(2027, 7, 5): Special((), "Наш день")})

    assert calendar_sheets.read(sheet.document(), "UTC") == sheet


def test_a_tried_incident_is_told_part_by_part_and_long_ones_are_cut():
    evening = calendar_trying.evening_before_a_weekend(datetime(2026, 11, 18, 12, tzinfo=MOSCOW), MOSCOW)
    tried = calendar_trying.try_out(office().calendar(), evening, timedelta(hours=40))

    assert evening == datetime(2026, 11, 20, 17, 30, tzinfo=MOSCOW)
    assert tried.due == datetime(2026, 11, 27, 17, 30, tzinfo=MOSCOW)
    assert sum((each.length for each in tried.counted), timedelta()) == timedelta(hours=20, minutes=30)
    assert [each.hours for each in calendar_rows.counted(tried)][:2] == ["17:30–18:00", "9:00–13:00"]
    assert (len(tried.counted), tried.more) == (6, 5)


def test_round_the_clock_is_told_by_days():
    evening = datetime(2026, 11, 20, 17, 30, tzinfo=MOSCOW)
    tried = calendar_trying.try_out(Calendar(MOSCOW), evening, timedelta(hours=8))

    assert [each.hours for each in calendar_rows.counted(tried)] == ["17:30–24:00", "0:00–1:30"]


def test_zones_of_russia_come_first_and_every_choice_is_a_zone():
    (russia, first), (_others, rest) = calendar_zones.choices()

    assert russia == "Russia"
    assert first[1] == ("Europe/Moscow", "Moscow")
    assert first[3] == ("Asia/Yekaterinburg", "Yekaterinburg, Moscow +2")
    assert all(ZoneInfo(zone) for zone, _words in [*first, *rest])


@pytest.mark.parametrize(("zone", "ahead"), [(zone, ahead) for zone, (_city, ahead) in calendar_zones.RUSSIAN.items()])
def test_hours_from_moscow_are_those_of_the_zones(zone, ahead):
    noon = datetime(2026, 7, 1, 12)

    assert noon.replace(tzinfo=MOSCOW) - noon.replace(tzinfo=ZoneInfo(zone)) == timedelta(hours=ahead)
