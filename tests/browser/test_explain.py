"""By keys alone: why a clock says so, a link to it, and what somebody without an account sees by that link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from sla.models import DisputeLink
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


def test_the_reckoning_opens_by_keys_and_its_link_opens_without_an_account(open_page: OpenPage) -> None:
    opened = datetime.now(UTC) - timedelta(hours=5)
    incident = make_incident(type="power-msk", status="inProgress", opened_at=opened, active_at=opened)
    card = open_page(make_user(), incident.get_absolute_url())
    clock = card.locator("[data-clock-why]").nth(1)

    clock.press("Enter")
    reckoning = card.locator("#clock-why:popover-open")
    expect(reckoning.locator(".ex-rows tbody tr.late")).to_be_visible()
    reckoning.locator("form button").press("Enter")
    address = reckoning.locator("[data-made]")
    expect(address).to_be_focused()
    link = address.input_value()
    card.keyboard.press("Escape")
    expect(card.locator("#clock-why")).to_be_hidden()
    expect(clock).to_be_focused()

    stranger = open_page(None, "")
    stranger.goto(link)
    expect(stranger.locator(".ex-rows tfoot")).to_be_visible()
    expect(stranger.locator("nav")).to_have_count(0)
    stranger.wait_for_load_state("networkidle")
    assert DisputeLink.objects.get().opened == 1
