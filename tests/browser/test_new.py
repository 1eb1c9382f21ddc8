"""A new incident by phone in a real browser: by keyboard only, with what is perhaps the same beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents.models import Incident
from tests.factories import make_incident, make_pole, make_station, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def test_a_call_is_registered_from_the_desk_without_touching_the_mouse(open_page: OpenPage) -> None:
    station = make_station("KI000075", make_pole("41007-P-43-1-1"))
    make_station("KI000076", make_pole("41008-P-43-1-1"))
    page = open_page(make_user(), "/")

    page.keyboard.press("n")
    expect(page.locator("#new-who")).to_be_focused()
    page.keyboard.type("Пётр, +7 912 000-00-01")
    page.keyboard.press("Enter")
    page.keyboard.type("Пропало питание")
    page.keyboard.press("Enter")
    # A middle part of both names.
    page.keyboard.type("0007")
    expect(page.locator("#new-sites [role=option]")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#new-site")).to_have_value("KI000075, 41007-P-43-1-1")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".dk-card")).to_be_visible()
    made = Incident.objects.get()
    assert (made.subject, made.base_station) == ("Пропало питание", station)
    expect(page.locator(".dk-facts")).to_contain_text("41007-P-43-1-1")


def test_an_incident_of_the_same_pole_appears_while_typing_and_takes_the_call(open_page: OpenPage) -> None:
    pole = make_pole("41007-P-43-1-1")
    known = make_incident(pole=pole, opened_at=datetime.now(UTC) - timedelta(minutes=20))
    page = open_page(make_user(), "/incidents/new/")

    page.locator("#new-subject").fill("Всё ещё нет питания")
    page.locator("#new-site").press_sequentially("41007")
    row = page.locator("#new-similar article")
    expect(row).to_contain_text(known.code.split("-")[1])
    row.get_by_role("button").click()

    expect(page.locator(".dk-card")).to_contain_text("Всё ещё нет питания")
    assert Incident.objects.count() == 1


def test_enter_after_an_unclear_site_chooses_none_by_itself(open_page: OpenPage, complaints: list[str]) -> None:
    make_pole("41007-P-43-1-1")
    make_pole("41008-P-43-1-1")
    page = open_page(make_user(), "/incidents/new/", java_script_enabled=False)

    page.locator("#new-subject").fill("Нет питания")
    page.locator("#new-site").fill("4100")
    page.keyboard.press("Enter")
    expect(page.locator(".nw-offer button")).to_have_count(2)
    page.locator("#new-site").press("Enter")
    expect(page.locator(".nw-offer button")).to_have_count(2)
    page.locator(".nw-offer button").nth(1).click()

    expect(page.locator(".dk-card")).to_be_visible()
    assert Incident.objects.get().pole.code == "41008-P-43-1-1"
    # The browser notes each refusal.
    assert [said for said in complaints if "422" not in said] == []
    complaints.clear()
