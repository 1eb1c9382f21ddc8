"""The registry in a browser: from the list to a pole, over its map to a neighbour, to the incident and back."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_incident, make_pole, make_station, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
# One grey point; the map stretches it.
TILE = base64.b64decode("R0lGODlhAQABAIAAAMzMzMzMzCwAAAAAAQABAAACAkQBADs=")


def test_the_way_from_the_list_to_the_incident_of_a_neighbour(open_page: Any) -> None:
    now = timezone.now()
    here = make_pole("41960-P-43-1-1", latitude=58.77, longitude=50.11, contractor_phones=["8 800 555-01-43"])
    there = make_pole("41961-P-43-1-1", latitude=58.79, longitude=50.14)
    make_pole("91960-P-43-1-1")
    make_station("KI000075", here)
    for days in (1, 2, 3):
        make_incident(pole=here, opened_at=now - timedelta(days=days), closed_at=now, status="closed")
    incident = make_incident(pole=there, opened_at=now - timedelta(hours=1))
    page = open_page(make_user(), "/towers/")

    page.locator("input[name=chronic]").check()
    page.locator(".rg-find button").click()
    expect(page.locator(".rg-poles tbody tr")).to_have_count(1)
    page.get_by_role("link", name=here.code).click()
    page.wait_for_url(f"**/towers/{here.code}/")
    expect(page.locator('a[href="tel:88005550143"]')).to_be_visible()
    # The point on the map is a link that a keyboard reaches.
    point = page.locator(f'.mp a[href="/towers/{there.code}/"]')
    point.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/towers/{there.code}/")
    page.locator(".si-open").get_by_role("link", name=incident.code).click()
    page.wait_for_url(f"**{incident.get_absolute_url()}")
    expect(page.locator(".dk-facts .mp")).to_be_visible()


def test_pictures_of_a_map_come_from_the_server_of_the_setting_and_the_policy_lets_them(
    open_page: Any, settings: Any
) -> None:
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {**policy, "img-src": [*policy["img-src"], "https://tiles.example"]}
    }
    settings.MAP_TILES = "https://tiles.example/{z}/{x}/{y}.png"
    pole = make_pole(latitude=58.77, longitude=50.11)
    page = open_page(make_user(), "/towers/sync/")
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(body=TILE, content_type="image/gif")

    page.route("https://tiles.example/**", answer)
    page.goto(page.url.replace("/sync/", f"/{pole.code}/"))
    page.wait_for_load_state("load")

    assert len(asked) == page.locator(".mp image").count() > 0
