"""A calendar made by hand in a real browser: holidays taken, a day changed by the keyboard, then saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from dispatchers.roles import Role
from sla import calendar_sheets, changing
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_a_calendar_is_filled_changed_day_by_day_and_saved(open_page: Callable[..., Any]) -> None:
    page = open_page(make_user(Role.ADMINISTRATOR), "/sla/calendars/new/")
    page.fill("[name=name]", "Рабочие дни")
    page.fill("[name=day0]", "8-12, 13-17")
    page.click("[name=do][value=copy]")
    page.wait_for_selector("[name=day4][value='8:00–12:00, 13:00–17:00']")

    year = int(page.get_attribute("#cal-live [name=year]", "value") or 0)
    page.click("#cal-take")
    holiday = page.wait_for_selector(f"button.d.off[value='day:{year}-11-04']")

    # Left of the holiday is the day before it, which is shorter.
    holiday.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_selector(".cal-pop")
    page.fill(".cal-pop [name=own]", "8-10")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"button.d[value='day:{year}-11-03']:focus")

    page.click("button[value=save]")
    page.wait_for_url("**/sla/calendars/")

    (sheet,) = calendar_sheets.all_of(changing.newest().document).values()
    assert sheet.week[4] == ((480, 720), (780, 1020))
    assert sheet.days[date(year, 11, 3)].hours == ((480, 600),)
    assert sheet.days[date(year, 11, 4)].hours == ()
    assert year in sheet.taken
