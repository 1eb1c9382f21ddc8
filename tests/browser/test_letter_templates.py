"""Writing a letter template by keyboard: names complete, the letter appears, what was saved is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from dispatchers.roles import Role
from incidents.letter_templates import Kind, wording
from tests.factories import make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_words_are_written_with_names_seen_on_an_incident_saved_and_taken_back(open_page: Any):
    incident = make_incident(pole=make_pole("41960-P-43-1-1"))
    page = open_page(make_user(Role.ADMINISTRATOR), "/templates/new/accepted/")
    text, letter = page.locator("#lt-text"), page.frame_locator(".lt-frame iframe:not(.is-coming)")
    expect(letter.locator("body")).to_contain_text(incident.code)

    text.press("Control+a")
    text.press_sequentially("Опора {{ po")
    expect(page.get_by_role("option").first).to_contain_text("pole")
    text.press("Enter")
    text.press_sequentially(", код {{ cod")
    expect(page.get_by_role("option").first).to_contain_text("code")
    text.press("Tab")
    expect(text).to_have_value("Опора {{ pole }}, код {{ code }}")
    expect(letter.locator("body")).to_contain_text(f"Опора 41960-P-43-1-1, код {incident.code}")

    text.press_sequentially(" {{ polle }}")
    expect(page.locator(".lt-problems")).to_contain_text("pole")
    for _ in " {{ polle }}":
        text.press("Backspace")
    expect(page.locator(".lt-problems")).to_have_count(0)
    text.press("Control+Enter")

    page.locator(".lt-saved button").click()
    expect(page.locator(".lt-aside")).to_be_visible()
    assert "принято в работу" in wording(Kind.ACCEPTED, incident).text
