"""The list of letters of ours in a real browser: choosing, doing it to many, and rows that change by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dispatchers.roles import Role
from mailbox.models import Outgoing
from tests.factories import make_user
from tests.incidents.letters_sent import make_letter, recipient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
PAGE = "/letters/out/"


@pytest.fixture(autouse=True)
def _with_a_server(settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"


def test_many_letters_are_chosen_and_cancelled_by_keys_and_one_press(open_page: OpenPage) -> None:
    later = timezone.now() + timedelta(hours=5)
    for minutes in range(1, 4):
        make_letter("queued", minutes=minutes, leaves_at=later, next_try_at=later)
    make_letter("sent", minutes=5)
    page = open_page(make_user(Role.MANAGER), PAGE)
    bar = page.locator(".lo-bar")
    expect(bar).to_be_hidden()

    page.keyboard.press("j")
    expect(page.locator(".lo-open").first).to_be_focused()
    page.keyboard.press("x")
    count = page.locator("#lo-count")
    expect(count).to_contain_text("1")
    page.locator("#lo-all").check()
    # What has left has no box.
    expect(count).to_contain_text("3")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.locator("#lo-all").check()
    bar.locator("[value=cancel]").click()

    expect(page.locator(".lo-row.is-gone")).to_have_count(3)
    assert Outgoing.objects.filter(state="cancelled").count() == 3


def test_a_row_changes_by_itself_and_what_is_chosen_stays_chosen(open_page: OpenPage) -> None:
    waiting, chosen = make_letter("queued", minutes=2), make_letter("failed", minutes=3)
    page = open_page(make_user(Role.MANAGER), PAGE)
    page.locator(f"#out-{chosen.pk} input[type=checkbox]").check()
    expect(page.locator(f"#out-{waiting.pk}.is-work")).to_be_visible()

    facts = {"state": "sent", "sent_at": timezone.now(), "recipients": [recipient()]}
    Outgoing.objects.filter(pk=waiting.pk).update(**facts)
    make_letter("queued", minutes=0)
    # What its clock would do in four seconds.
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")

    expect(page.locator(f"#out-{waiting.pk}.is-done")).to_be_visible(timeout=15_000)
    expect(page.locator("#lo-new a")).to_be_visible()
    expect(page.locator(f"#out-{chosen.pk} input[type=checkbox]")).to_be_checked()
    expect(page.locator("#lo-count")).to_contain_text("1")


def test_a_letter_that_may_have_arrived_is_asked_about(open_page: OpenPage) -> None:
    letter = make_letter("unknown")
    page = open_page(make_user(Role.MANAGER), PAGE)

    page.locator(f"[popovertarget='sure-{letter.pk}']").click()
    expect(page.locator(f"#sure-{letter.pk}")).to_be_visible()
    assert Outgoing.objects.get(pk=letter.pk).state == "unknown"
    page.locator(f"#sure-{letter.pk} button").click()

    expect(page.locator(f"#out-{letter.pk} [value='cancel:{letter.pk}']")).to_be_visible()
    assert Outgoing.objects.get(pk=letter.pk).state == "queued"
