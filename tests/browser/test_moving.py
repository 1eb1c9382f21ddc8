"""Moving letters in a real browser: by keyboard, live on open pages, taken back at once, and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import moving, services
from incidents.models import Incident, IncidentEmail, Suggestion
from mailbox.models import Email
from tests.factories import make_email, make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
TOAST_UNDO = "#toasts .dk-undo button"


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def now() -> datetime:
    return datetime.now(UTC)


def come(incident: Incident, words: str, minutes: int, way: str = "thread", thread: int | None = None) -> Email:
    email = make_email(text=words, reply_text=words, subject=words, received_at=now() - timedelta(minutes=minutes))
    services.attach_email(incident, email, way=way, at=now(), thread=thread)
    services.mark_read(incident)
    return email


def make_talk(letters: int = 3, **over: Any) -> tuple[Incident, list[Email]]:
    incident = make_incident(opened_at=now() - timedelta(hours=2), active_at=now(), **over)
    first = come(incident, "Отсутствует ВЭС", 120, IncidentEmail.Way.OPENED)
    return incident, [first, *(come(incident, f"Письмо {n}", 110 - n, thread=first.pk) for n in range(1, letters))]


def is_live(page: Any) -> None:
    """The stream has connected; a change from now on must be shown."""
    page.wait_for_timeout(1000)


def letter(page: Any, email: Email) -> Any:
    return page.locator(f"#letter-{email.pk}")


def test_a_letter_is_moved_by_keyboard_and_taken_back_from_the_message(open_page: OpenPage) -> None:
    source, letters = make_talk()
    target, _letters = make_talk(1, subject="Нет доступа", pole=make_pole("40811-B-43-2-1"))
    page = open_page(make_user(), source.get_absolute_url())

    letter(page, letters[1]).locator(".dk-more").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#letter-menu-{letters[1].pk} a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#move-to")).to_be_focused()
    page.keyboard.type("40811")
    expect(page.locator(".dk-target")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(letter(page, letters[1])).to_have_count(0)
    expect(page.locator("#move-dialog")).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text(target.code)
    assert target.letters.filter(email=letters[1]).exists()

    page.locator(TOAST_UNDO).click()

    expect(letter(page, letters[1])).to_be_visible()
    assert source.letters.filter(email=letters[1]).exists()


def test_words_that_mean_nothing_stay_in_the_dialog_with_the_reason(open_page: OpenPage, complaints: list[str]) -> None:
    source, letters = make_talk()
    page = open_page(make_user(), source.get_absolute_url())
    letter(page, letters[1]).locator(".dk-more").click()
    page.locator(f"#letter-menu-{letters[1].pk} a").first.click()

    page.fill("#move-to", "NT-1")
    page.keyboard.press("Enter")

    expect(page.locator("#move-error")).to_be_visible()
    expect(page.locator("#move-to")).to_have_value("NT-1")
    page.keyboard.press("Escape")
    expect(page.locator("#move-dialog")).to_be_hidden()
    # The browser writes every 422 into its console.
    complaints.clear()


def test_what_a_colleague_moves_leaves_my_open_page_and_i_can_go_on_working(open_page: OpenPage) -> None:
    source, letters = make_talk(4)
    target, _letters = make_talk(1)
    page = open_page(make_user(), source.get_absolute_url())
    is_live(page)

    moving.move_letters(letters[1:2], target, out_of=source, by=make_user(last_name="Орлов"), at=now())

    expect(letter(page, letters[1])).to_have_count(0)
    expect(page.locator(".dk-say", has_text="Орлов")).to_be_visible()
    letter(page, letters[2]).locator(".dk-more").click()
    page.locator(f"#letter-menu-{letters[2].pk} button[name=letter]").click()
    expect(letter(page, letters[2])).to_have_count(0)
    assert Incident.objects.count() == 3


def test_a_suggestion_is_taken_with_one_click_and_asked_again_after_taking_it_back(open_page: OpenPage) -> None:
    here, letters = make_talk()
    there, _letters = make_talk(1)
    Suggestion.objects.create(kind="conflict", incident=here, other=there, email=letters[2])
    page = open_page(make_user(), here.get_absolute_url())

    page.locator(".dk-hintline button[value=accept]").click()

    expect(page.locator(".dk-hintline")).to_have_count(0)
    expect(letter(page, letters[2])).to_have_count(0)
    page.locator(".dk-say .dk-undo button").click()
    expect(page.locator(".dk-hintline")).to_have_count(1)
    expect(letter(page, letters[2])).to_be_visible()


def test_a_merge_shows_the_other_card_and_taking_it_back_brings_everything(open_page: OpenPage, address: str) -> None:
    source, _letters = make_talk(2)
    target, _letters = make_talk(1)
    page = open_page(make_user(), source.get_absolute_url())

    page.locator("[popovertarget=card-menu]").click()
    page.locator("#card-menu a").click()
    page.fill("#move-to", target.code)
    page.keyboard.press("Enter")

    page.wait_for_url(address + target.get_absolute_url())
    expect(page.locator(".dk-letter")).to_have_count(3)
    page.locator(TOAST_UNDO).click()
    expect(page.locator(".dk-letter")).to_have_count(1)
    page.goto(address + source.get_absolute_url())
    expect(page.locator(".dk-letter")).to_have_count(2)


def test_one_conversation_of_two_is_shown_alone_while_letters_come(open_page: OpenPage, address: str) -> None:
    incident, letters = make_talk()
    other = come(incident, "Дверь открыта", 40, IncidentEmail.Way.CODE)
    page = open_page(make_user(), incident.get_absolute_url())
    is_live(page)

    page.locator("#card-threads a", has_text="Дверь").click()
    shown = page.locator(".dk-tl > li.dk-ev:visible")
    expect(shown).to_have_count(1)
    assert page.url == f"{address}{incident.get_absolute_url()}?thread={other.pk}"

    come(incident, "Про питание", 1, thread=letters[0].pk)
    come(incident, "Дверь закрыли", 0, thread=other.pk)

    expect(shown).to_have_count(2)
    expect(page.get_by_text("Про питание").first).to_be_hidden()
    page.reload()
    expect(shown).to_have_count(2)
    page.locator("#card-threads a").first.click()
    expect(page.locator(".dk-letter:visible")).to_have_count(6)


def test_letters_are_moved_without_scripts(open_page: OpenPage, address: str) -> None:
    source, letters = make_talk()
    target, _letters = make_talk(1)
    page = open_page(make_user(), source.get_absolute_url(), java_script_enabled=False)

    letter(page, letters[1]).locator(".dk-more").click()
    page.locator(f"#letter-menu-{letters[1].pk} a").first.click()
    page.locator("#move-to").fill(target.code)
    page.keyboard.press("Enter")

    expect(letter(page, letters[1])).to_have_count(0)
    assert page.url == address + source.get_absolute_url()
    page.locator(TOAST_UNDO).click()
    expect(letter(page, letters[1])).to_be_visible()
