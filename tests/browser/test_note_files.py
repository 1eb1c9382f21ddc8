"""Files of notes in a real browser: chosen, named, sent with the words; later ones appear by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import note_files, services
from mailbox import store
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def test_files_go_with_a_note_and_later_ones_appear_in_it(open_page: Callable[..., Any]) -> None:
    incident = make_incident(opened_at=datetime.now(UTC), active_at=datetime.now(UTC))
    page = open_page(make_user(), f"/incidents/{incident.code}/")
    expect(page.locator("html[data-live]")).to_be_attached(timeout=15000)
    page.locator(".nf-choose input").set_input_files(
        [
            {"name": "Акт осмотра.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"},
            {"name": "опора.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n0"},
        ]
    )
    expect(page.locator(".nf-names")).to_have_text("Акт осмотра.pdf, опора.png")
    page.locator("#note-text").fill("Бригада прислала акт")
    page.locator("#note .btn:not(.nf-choose)").click()
    note = page.locator("article.note")
    expect(note.locator(".dk-file")).to_have_count(2)
    expect(page.locator(".nf-names")).to_be_hidden()
    comment = incident.comments.get()
    kept = store.put_stream([b"x" * 2048])
    note_files.add(comment, kept, name="Ещё один.txt", content_type="text/plain", at=datetime.now(UTC))
    expect(note.locator(".dk-file")).to_have_count(3)
    expect(note).to_have_count(1)
    services.add_comment(incident, "после", by=None, at=datetime.now(UTC))
    expect(note).to_have_count(2)
