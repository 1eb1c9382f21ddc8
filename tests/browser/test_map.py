"""The map in a browser: points, clusters, the list beside it, news, and the view in the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents import services
from incidents.models import Incident, Status
from tests.factories import make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
KIROV: dict[str, Any] = {"latitude": 58.6, "longitude": 49.7}
SOCHI: dict[str, Any] = {"latitude": 43.6, "longitude": 39.8, "region_ru": "Краснодарский край"}
# A tile of one transparent pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e366"
    "0000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def drawn(page: Any) -> Any:
    expect(page.locator("#world[data-drawn]")).to_be_visible()
    return page


def near(number: int, **facts: Any) -> Incident:
    """Around Kirov, a few hundred metres from each other."""
    place: dict[str, Any] = {"latitude": 58.6 + number * 0.004, "longitude": 49.7}
    return make_incident(pole=make_pole(**place), **facts)


def test_from_a_cluster_to_a_card(open_page: OpenPage) -> None:
    now = timezone.now()
    late = near(0, opened_at=now - timedelta(hours=5), due_at=now - timedelta(hours=1))
    near(1)
    make_incident(pole=make_pole(**SOCHI))
    page = drawn(open_page(make_user(), "/map/"))

    cluster = page.locator(".wm-mark:has(.wm-cluster)")
    expect(cluster.locator(".wm-sign.is-over")).to_be_visible()
    cluster.focus()
    page.keyboard.press("Enter")
    assert late.pole
    point = page.get_by_role("button", name=late.pole.code)
    expect(point).to_be_visible()
    point.click()

    expect(page.locator("#side h2")).to_have_text(late.pole.code)
    expect(page.locator("#side h2")).to_be_focused()
    assert f"at={late.pole_id}" in page.url
    page.locator(f"#side [data-code={late.code}] a").click()
    expect(page.locator("#card-head")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name=late.pole.code)).to_be_visible()


def test_what_a_colleague_does_is_on_the_map_at_once_and_moves_nothing(open_page: OpenPage) -> None:
    me, pole = make_user(), make_pole(**KIROV)
    incident = make_incident(pole=pole, active_at=timezone.now())
    page = drawn(open_page(me, f"/map/?at={pole.pk}#6/58.600/52.000"))
    page.wait_for_selector("html[data-live]")
    expect(page.locator(".wm-point .is-new")).to_be_visible()

    services.assign(incident, to=make_user(last_name="Седов"), by=None, at=timezone.now())
    services.change_status(incident, to=Status.objects.get(key="inProgress"), by=me, at=timezone.now())
    expect(page.locator(".wm-point .is-work")).to_be_visible()
    expect(page.locator(f"#side [data-code={incident.code}] [title*=Седов]")).to_be_visible()
    expect(page.locator("#key-new b")).to_have_text("0")

    second = make_incident(pole=make_pole(**SOCHI), active_at=timezone.now())
    services.assign(second, to=me, by=None, at=timezone.now())
    expect(page.locator("#count")).to_have_text("2")
    assert page.url.endswith("#6/58.600/52.000")


def test_the_legend_and_the_filter_change_what_is_shown_and_keep_the_view(open_page: OpenPage) -> None:
    me = make_user()
    mine = make_incident(pole=make_pole(**KIROV), assignee=me)
    make_incident(pole=make_pole(**SOCHI), status="inProgress")
    page = drawn(open_page(me, "/map/#4/52.000/47.000"))
    expect(page.locator(".wm-point")).to_have_count(2)

    page.locator("#key-work").focus()
    page.keyboard.press("Space")
    expect(page.locator(".wm-point")).to_have_count(1)
    expect(page.locator("#key-work")).to_have_attribute("aria-checked", "false")
    expect(page.locator("#region-krasnodar")).to_have_count(0)
    assert "hide=work" in page.url
    page.locator("#key-work").click()
    expect(page.locator(".wm-point")).to_have_count(2)

    page.locator("#find").fill(mine.code)
    page.keyboard.press("Enter")
    expect(page.locator(".wm-point")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1")
    assert "q=" in page.url
    assert page.url.endswith("#4/52.000/47.000")


def test_a_region_of_the_list_is_shown_on_the_map(open_page: OpenPage) -> None:
    make_incident(pole=make_pole(**KIROV))
    nowhere = make_incident(pole=make_pole(latitude=0, longitude=0))
    page = drawn(open_page(make_user(), "/map/#3/60.000/100.000", 390, 844))
    page.wait_for_selector(".wm-border")

    page.locator("#region-kirov").click()
    expect(page).to_have_url(re.compile(r"within=.*#[\d.]+/58\.\d+/50\.\d+$"))
    expect(page.locator("#side h2")).to_have_text("Кировская область")
    page.locator("#nowhere").click()
    expect(page.locator(f"#side [data-code={nowhere.code}] .wm-wrong")).to_be_visible()
    page.locator("#back").click()
    expect(page.locator("#region-kirov")).to_be_visible()


def test_tiles_come_from_the_server_of_the_setting(open_page: OpenPage, address: str, settings: Any) -> None:
    settings.MAP_TILES = "https://tiles.company.example/{z}/{x}/{y}.png"
    settings.MAP_ATTRIBUTION = "© Карты компании"
    policy = settings.CONTENT_SECURITY_POLICY
    sources = [*policy["DIRECTIVES"]["img-src"], "https://tiles.company.example"]
    settings.CONTENT_SECURITY_POLICY = {**policy, "DIRECTIVES": {**policy["DIRECTIVES"], "img-src": sources}}
    make_incident(pole=make_pole(**KIROV))
    page = open_page(make_user(), "")
    tiles = "https://tiles.company.example/**"
    page.context.route(tiles, lambda route: route.fulfill(body=PIXEL, content_type="image/png"))

    page.goto(f"{address}/map/")

    expect(page.locator(".leaflet-tile-loaded").first).to_be_attached()
    expect(page.locator(".leaflet-control-attribution")).to_have_text("© Карты компании")
