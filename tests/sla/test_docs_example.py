"""The worked example of docs/sla.md is what the clock says."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sla import calendar_sheets, russian_days
from sla.clock import Change, Rule, State, read

MOSCOW = ZoneInfo("Europe/Moscow")
DOCS = Path(__file__).resolve().parents[2] / "docs"
OFFICE = {"name": "Office", "week": [[[540, 1080]]] * 5 + [[], []], "days": {}}


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, 0, tzinfo=MOSCOW)


def handed_over(*later: Change) -> tuple[Change, ...]:
    return (Change(at(3, 15), frozenset({"handed_over"}), "peredanoPodradciku"), *later)


@pytest.fixture
def rule() -> Rule:
    sheet = russian_days.take(calendar_sheets.read(OFFICE, "Europe/Moscow"), 2026, short=True)
    facts = {"starts": frozenset({"handed_over"}), "stops": frozenset({"contractor_done"})}
    pauses = frozenset({"needAcceptance"})
    return Rule(timedelta(hours=16), sheet.calendar(), resumes=frozenset(), pauses=pauses, **facts)


def test_a_short_day_a_holiday_and_two_working_days_make_sixteen_hours(rule: Rule) -> None:
    reading = read(handed_over(), rule, at(6, 10))

    assert reading.due == at(6, 14)
    for page, said in (("sla.md", "Friday 6 November 14:00"), ("ru/sla.md", "пятница, 6 ноября, 14:00")):
        assert said in (DOCS / page).read_text()


def test_two_hours_of_standing_still_move_the_deadline_by_two_hours(rule: Rule) -> None:
    paused = handed_over(Change(at(5, 10), frozenset(), "needAcceptance"))
    resumed = (*paused, Change(at(5, 12), frozenset(), "inProgress"))

    standing = read(paused, rule, at(5, 11))
    assert (standing.state, standing.spent, standing.due) == (State.PAUSED, timedelta(hours=3), None)
    assert read(resumed, rule, at(6, 10)).due == at(6, 16)
    for page, said in (("sla.md", "Friday 6 November 16:00"), ("ru/sla.md", "пятница, 6 ноября, 16:00")):
        assert said in (DOCS / page).read_text()
