"""Nothing jumps: neither while a page is drawn nor when news come in by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents import services
from mailbox.models import Receipt
from tests.browser.busy_desk import Desk, letter_of, make_desk
from tests.incidents.letters_received import received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
# Chromium's own measure: the share of the window that moved times how far. What follows a key or a click is left out.
WATCH = """
window.shifted = [];
new PerformanceObserver((list) => list.getEntries().filter((each) => !each.hadRecentInput).forEach((each) => {
  const moved = each.sources.map((one) => one.node && (one.node.outerHTML || one.node.textContent || "").slice(0, 80));
  shifted.push([each.value, ...moved]);
})).observe({type: "layout-shift", buffered: true});
"""
MOST = 0.01


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def watched(open_page: OpenPage, address: str) -> Callable[..., Any]:
    def opened(desk: Desk, path: str, width: int = 1440, height: int = 900) -> Any:
        page = open_page(desk.me, "", width, height)
        page.context.add_init_script(WATCH)
        page.goto(address + path)
        return page

    return opened


def is_still(page: Any) -> None:
    # What the observer has not been told yet is told after the next frame.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    shifted = page.evaluate("shifted")
    assert sum(each[0] for each in shifted) < MOST, shifted


def is_live(page: Any) -> None:
    """The stream has connected, and what the page asks for after loading has come."""
    expect(page.locator("#mail-alarm")).to_have_attribute("hx-trigger", "every 30s")
    page.wait_for_function("document.readyState === 'complete' && document.fonts.status === 'loaded'")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_desk_is_drawn_at_once(watched: Callable[..., Any], width: int, height: int) -> None:
    page = watched(make_desk(40), "/", width, height)
    is_live(page)

    is_still(page)


def test_thirty_rows_fit_on_an_ordinary_screen(watched: Callable[..., Any]) -> None:
    page = watched(make_desk(40), "/")
    below = page.locator(".dk-keys").bounding_box()["y"]

    seen = page.locator("#rows > tr").evaluate_all(
        "(rows, below) => rows.filter((row) => row.getBoundingClientRect().bottom <= below).length", below
    )

    assert seen >= 30


def test_nothing_of_the_desk_moves_under_the_hand(watched: Callable[..., Any]) -> None:
    desk = make_desk(40)
    page = watched(desk, f"/?open={desk.long.code}")
    page.wait_for_selector("#link.is-up")
    is_live(page)
    page.hover(f"#rows > [data-code={desk.rows[5].code}]")

    services.open_by_hand("Новая авария", by=desk.me, at=timezone.now())
    services.take(desk.rows[8], by=desk.me, at=timezone.now())

    expect(page.locator("#pill")).to_be_visible()
    row = page.locator(f"#rows > [data-code={desk.rows[8].code}]")
    expect(row.locator(".dk-who.me")).to_be_visible()
    is_still(page)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_card_is_drawn_at_once_and_stays(watched: Callable[..., Any], width: int, height: int) -> None:
    desk = make_desk(4)
    page = watched(desk, desk.long.get_absolute_url(), width, height)
    is_live(page)
    is_still(page)

    letter_of(desk.long, "Питание восстановлено", timezone.now())

    expect(page.locator("#card-talk")).to_contain_text("Питание восстановлено")
    is_still(page)


def test_the_list_of_letters_is_drawn_at_once_and_stays(watched: Callable[..., Any]) -> None:
    desk = make_desk(4)
    waiting = received(Receipt.State.JOINED)
    for minutes in range(60):
        received(minutes=10 + minutes)
    page = watched(desk, "/letters/")
    is_still(page)

    received(minutes=-1)
    Receipt.objects.filter(pk=waiting.pk).update(state=Receipt.State.QUARANTINED, reason="сломано")
    page.evaluate("htmx.trigger(document.body, 'resync')")

    expect(page.locator(".dk-pill")).to_contain_text("1")
    is_still(page)


@pytest.mark.parametrize("path", ["/towers/", "/mail/", "/letters/balance/", "/reminders/", "/incidents/new/"])
def test_other_pages_are_drawn_at_once(watched: Callable[..., Any], path: str) -> None:
    page = watched(make_desk(10), path)
    page.wait_for_function("document.readyState === 'complete' && document.fonts.status === 'loaded'")

    is_still(page)
