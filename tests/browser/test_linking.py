"""Links in a real browser: made by words, seen on the other open card at once; a duplicate merged by one click."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.factories import make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def test_a_link_made_on_one_card_appears_on_the_other_open_one_and_goes_again(open_page: OpenPage) -> None:
    one, other = make_incident(), make_incident(subject="Ремонт подстанции", active_at=datetime.now(UTC))
    page, elsewhere = (open_page(make_user(), each.get_absolute_url()) for each in (one, other))
    page.wait_for_timeout(1000)

    page.locator(".ln-add summary").click()
    page.locator("#link-side").select_option("blocked_by")
    page.locator("#link-to").press_sequentially("подстанции")
    page.locator("#link-found .dk-target").click()

    expect(page.locator(".ln-row.holds")).to_contain_text("Ремонт подстанции")
    expect(elsewhere.locator(".ln-row")).to_contain_text(one.subject)
    page.locator(".ln-row .btn-ic").click()
    expect(page.locator(".ln-row")).to_have_count(0)
    expect(elsewhere.locator(".ln-row")).to_have_count(0)


def test_a_duplicate_is_merged_by_one_click(open_page: OpenPage) -> None:
    pole, now = make_pole(), datetime.now(UTC)
    early, late = (make_incident(pole=pole, opened_at=now - timedelta(minutes=n)) for n in (20, 10))
    page = open_page(make_user(), late.get_absolute_url())

    page.locator(".sm-row button").first.click()

    page.wait_for_url(f"**{early.get_absolute_url()}")
    late.refresh_from_db()
    assert late.merged_into == early
