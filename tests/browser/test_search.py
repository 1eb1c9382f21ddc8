"""The search in a real browser: typed, read, opened with the keyboard, and come back to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import services
from incidents.models import Incident, IncidentEmail
from tests.factories import make_email, make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def make(text: str, minutes: int, **facts: Any) -> Incident:
    """An incident with a letter of so many minutes ago."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    incident = make_incident(**{"opened_at": at, "active_at": at, "letter_count": 1, **facts})
    email = make_email(text=text, reply_text=text, received_at=at, subject=incident.subject)
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    return incident


def test_words_are_typed_found_marked_opened_and_come_back_to_without_a_mouse(open_page: OpenPage) -> None:
    closed = {"status": "closed", "closed_at": datetime.now(UTC)}
    old, new = make("Везём генератор на объект", 300, **closed), make("Генератор запущен", 5, pole=make_pole())
    make("Совсем о другом", 1)
    page = open_page(make_user())

    page.keyboard.press("/")
    page.keyboard.type("генератора")
    page.keyboard.press("Enter")

    expect(page.locator("#rows > [data-code]")).to_have_count(2)
    expect(page.locator(".sr-line mark")).to_have_text(["Генератор", "генератор"])
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#rows > [aria-current]")).to_have_attribute("data-code", old.code)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{old.code}/")
    page.keyboard.press("Escape")

    page.wait_for_url("**/?**")
    expect(page.locator("#rows > [aria-current]")).to_have_attribute("data-code", old.code)
    expect(page.locator("#find")).to_have_value("генератора")
    assert new.code in page.locator("#rows").inner_html()


def test_a_found_line_opens_the_card_at_its_letter(open_page: OpenPage) -> None:
    incident = make("Генератор запущен", 5)
    page = open_page(make_user(), "/?q=генератор")

    page.click(".sr-line")

    page.wait_for_url(f"**/incidents/{incident.code}/**")
    letter = incident.letters.get().email_id
    assert page.url.endswith(f"#letter-{letter}")
    expect(page.locator(f"#letter-{letter}")).to_be_visible()


def test_the_place_of_the_search_is_chosen_without_a_reload(open_page: OpenPage) -> None:
    make("генератор", 9, status="closed", closed_at=datetime.now(UTC))
    is_open = make("генератор", 5)
    page = open_page(make_user(), "/?q=генератор")
    expect(page.locator("#rows > [data-code]")).to_have_count(2)
    page.evaluate("window.stays = true")

    page.click(".sr-where button")
    page.click("#where-menu a[href*='queue=open']")

    expect(page.locator("#rows > [data-code]")).to_have_count(1)
    expect(page.locator("#rows > [data-code]")).to_have_attribute("data-code", is_open.code)
    assert page.evaluate("window.stays")
    page.click(".sr-where a")
    expect(page.locator("#rows > [data-code]")).to_have_count(2)


def test_results_stand_still_while_the_desk_lives(open_page: OpenPage) -> None:
    shown = make("генератор", 5, subject="Авария")
    page = open_page(make_user(), "/?q=генератор")
    page.wait_for_selector("#link.is-up")

    services.take(shown, by=make_user(last_name="Белова"), at=datetime.now(UTC))
    services.open_by_hand("Ничего общего", by=make_user(), at=datetime.now(UTC))
    fresh = services.open_by_hand("Нужен генератор", by=make_user(), at=datetime.now(UTC))

    expect(page.locator("#pill")).to_be_visible()
    expect(page.locator("#rows > [data-code]")).to_have_count(1)
    expect(page.locator("#rows > [data-code]")).to_contain_text("Белова")
    page.click("#pill")
    expect(page.locator("#rows > [data-code]")).to_have_count(2)
    expect(page.locator("#rows > [data-code]").first).to_have_attribute("data-code", fresh.code)


def test_a_phone_shows_results_without_scrolling_aside(open_page: OpenPage) -> None:
    make("Генератор запущен на объекте " + "очень_длинное_слово" * 9, 5, pole=make_pole())
    page = open_page(make_user(), "/?q=генератор", width=390, height=844, has_touch=True)

    expect(page.locator(".sr-line mark")).to_have_text(["Генератор"])
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
