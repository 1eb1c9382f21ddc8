"""The list of letters in a real Chromium: it learns of news without moving, and a row is one target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import caches
from playwright.sync_api import expect

from mailbox.models import Receipt
from tests.factories import make_user
from tests.incidents.letters_received import make_receipt, received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
OpenPage = Callable[..., Any]
State = Receipt.State
ASK = "htmx.trigger(document.body, 'resync')"


@pytest.fixture(autouse=True)
def _fresh_mark() -> Iterator[None]:
    caches["calls"].clear()
    yield
    caches["calls"].clear()


def test_new_letters_wait_in_a_pill_and_fates_change_in_their_rows(open_page: OpenPage) -> None:
    waiting = make_receipt()
    for minutes in range(60):
        received(minutes=10 + minutes)
    page = open_page(make_user(), "/letters/")
    rows = page.locator(".lg-row")
    first = rows.first.bounding_box()

    received(minutes=-1)
    received(minutes=-2)
    Receipt.objects.filter(pk=waiting.pk).update(state=State.QUARANTINED, reason="сломано")
    page.evaluate(ASK)

    expect(page.locator(".dk-pill")).to_contain_text("2")
    expect(page.locator(f"#fate-{waiting.pk}")).to_contain_text("сломано")
    assert rows.first.bounding_box() == first
    assert rows.count() == 50

    page.click(".dk-pill")
    expect(rows.nth(2)).to_have_attribute("data-receipt", str(waiting.pk))
    expect(page.locator(".dk-pill")).to_have_count(0)


def test_a_row_opens_its_letter_and_escape_leads_back(open_page: OpenPage) -> None:
    receipt = received(text="Нет питания.")
    page = open_page(make_user(), "/letters/?fate=joined")

    page.click(".lg-row .c-size")
    expect(page.frame_locator(".dk-frame").get_by_text("Нет питания.")).to_be_visible()
    assert urlsplit(page.url).path == f"/letters/{receipt.email_id}/"
    page.keyboard.press("Escape")

    expect(page.locator(".lg-row")).to_have_count(1)
    assert urlsplit(page.url).query == "fate=joined"


def test_keys_walk_the_rows(open_page: OpenPage) -> None:
    old, new = received(minutes=9), received(minutes=1)
    page = open_page(make_user(), "/letters/")

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"[data-receipt='{old.pk}'] .c-subj a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/letters/{new.email_id}/")


def test_the_mark_in_the_rail_counts_the_quarantine(open_page: OpenPage) -> None:
    make_receipt(state=State.QUARANTINED)
    page = open_page(make_user(), "/")

    expect(page.locator("#letters-mark .dot")).to_have_text("1")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#letters-mark-below .dk-badge")).to_be_visible()


@pytest.mark.parametrize("path", ["/letters/", "/letters/balance/", "/letters/balance/?folders"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_no_wider_than_the_screen(open_page: OpenPage, path: str, width: int) -> None:
    received(subject="Отсутствует " * 30, from_email="a" * 90 + "@operator.example", from_name="")
    make_receipt(state=State.QUARANTINED, reason="ValueError: " + "x" * 500)

    page = open_page(make_user(), path, width, 844)

    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1440])
def test_a_letter_is_no_wider_than_the_screen(open_page: OpenPage, width: int) -> None:
    receipt = received(State.KEPT, message_id=f"<{'m' * 300}@operator.example>", subject="Слово" * 60)

    page = open_page(make_user(), f"/letters/{receipt.email_id}/", width, 844)

    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    expect(page.locator(".lg-deeds")).to_be_visible()
