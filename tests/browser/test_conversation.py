"""A long conversation in a real browser: its pages, its unread letters, folded letters, the end that is read first."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import services, timeline
from incidents.models import Incident, IncidentEmail
from tests.factories import make_email, make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
LETTERS = 24


@pytest.fixture(autouse=True)
def _short_pages(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.INCIDENT_REACTIONS = {}
    monkeypatch.setattr(timeline, "MOST_SHOWN", 8)


def come(incident: Incident, number: int, thread: int) -> None:
    at = datetime.now(UTC) - timedelta(minutes=LETTERS - number)
    words = f"Письмо {number}. " + "Нет питания, работаем от АКБ. " * 20
    email = make_email(subject="Отсутствует ВЭС", text=words, reply_text=words, received_at=at)
    services.attach_email(incident, email, way=IncidentEmail.Way.THREAD, at=at, thread=thread or email.pk)


@pytest.fixture
def talk(transactional_db: None) -> Incident:
    """One long conversation, all of it read but the last three letters."""
    incident = make_incident(active_at=datetime.now(UTC) - timedelta(hours=1))
    for number in range(LETTERS):
        if number == LETTERS - 3:
            services.mark_read(incident)
        first = incident.letters.order_by("pk").first()
        come(incident, number, first.thread if first else 0)
    incident.refresh_from_db()
    return incident


def numbers(page: Any) -> list[int]:
    texts = page.locator(".dk-tl article .dk-text").all_text_contents()
    return [int(text.split(".")[0].split()[1]) for text in texts]


def test_older_letters_come_by_pages_and_nothing_that_is_read_moves(open_page: OpenPage, talk: Incident) -> None:
    page = open_page(make_user(), talk.get_absolute_url())
    assert numbers(page) == [0, *range(LETTERS - 8, LETTERS)]
    read = page.locator(".dk-text", has_text=f"Письмо {LETTERS - 8}.")
    page.locator("#older").scroll_into_view_if_needed()
    before = read.bounding_box()["y"]

    page.locator("#older a").click()
    expect(page.locator(".dk-tl article")).to_have_count(17)

    assert numbers(page) == [0, *range(LETTERS - 16, LETTERS)]
    assert abs(read.bounding_box()["y"] - before) < 60
    page.locator("#older a").click()
    expect(page.locator("#older")).to_have_count(0)
    assert numbers(page) == list(range(LETTERS))


def test_the_page_opens_where_the_unread_letters_begin_and_says_that_they_are_read(
    open_page: OpenPage, talk: Incident
) -> None:
    page = open_page(make_user(), talk.get_absolute_url())

    expect(page.locator("#first-new")).to_be_in_viewport()
    following = page.locator("#first-new + li .dk-text")
    expect(following).to_contain_text(f"Письмо {LETTERS - 3}.")
    page.wait_for_load_state("networkidle")
    talk.refresh_from_db()
    assert not talk.has_news
    page.reload()
    expect(page.locator("#first-new")).to_have_count(0)


def test_whoever_wants_the_newest_first_gets_it_and_new_letters_enter_at_the_top(
    open_page: OpenPage, talk: Incident
) -> None:
    page = open_page(make_user(), talk.get_absolute_url())
    page.locator("a[href='?talk=newest']").click()
    expect(page.locator("#talk[data-newest-first]")).to_be_visible()
    assert numbers(page)[:3] == [LETTERS - 1, LETTERS - 2, LETTERS - 3]
    page.reload()
    assert numbers(page)[0] == LETTERS - 1
    expect(page.locator("#card-seen")).to_be_attached()

    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    services.add_comment(talk, "Бригада выехала", by=None, at=datetime.now(UTC))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")

    expect(page.locator(".dk-tl > li.dk-ev").first).to_contain_text("Бригада выехала")
    # The pages below come by themselves when they are scrolled to.
    page.locator("#older").scroll_into_view_if_needed()
    expect(page.locator(".dk-tl article.dk-letter:not(.note)")).to_have_count(17)


def test_letters_are_folded_to_lines_and_stay_so_in_this_browser(open_page: OpenPage, talk: Incident) -> None:
    services.mark_read(talk)
    page = open_page(make_user(), talk.get_absolute_url())
    page.locator("[data-fold-all]").click()

    letter = page.locator(".dk-tl article").nth(2)
    expect(letter.locator(".body")).to_be_hidden()
    expect(letter.locator(".dk-brief")).to_be_visible()
    expect(letter.locator(".dk-brief")).to_have_attribute("data-brief", re.compile("Нет питания"))
    page.reload()
    expect(letter.locator(".body")).to_be_hidden()
    letter.locator(".dk-fold").click()
    expect(letter.locator(".body")).to_be_visible()
    expect(letter.locator(".dk-fold")).to_have_attribute("aria-expanded", "true")
    # The last one is what somebody came to read.
    expect(page.locator(".dk-tl article").last.locator(".body")).to_be_visible()


def test_an_empty_card_stays_live(open_page: OpenPage) -> None:
    incident = make_incident(letter_count=0)
    page = open_page(make_user(), incident.get_absolute_url())
    expect(page.locator(".dk-empty")).to_be_visible()

    services.add_comment(incident, "Бригада выехала", by=None, at=datetime.now(UTC))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")

    expect(page.locator(".dk-letter.note")).to_contain_text("Бригада выехала")
    expect(page.locator("#talk .dk-empty")).to_have_count(0)
