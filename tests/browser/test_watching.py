"""Whoever watches an incident is told on any page; closing is answered by keys, a slip over many undone at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from incidents import linking, services, watching
from incidents.models import ChecklistItem, IncidentType, Status
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def now() -> datetime:
    return datetime.now(UTC)


def test_a_message_comes_to_any_page_and_the_bell_counts_until_the_card_is_opened(open_page: OpenPage) -> None:
    me, other = make_user(), make_user(last_name="Седов", first_name="Павел")
    incident = make_incident(assignee=other)
    watching.watch(incident, on=True, by=me, at=now())
    desk = open_page(me)
    expect(desk.locator("#link.is-up")).to_be_visible()
    expect(desk.locator("#watching-mark [data-watched]")).to_have_attribute("data-watched", incident.code)

    services.add_comment(incident, "Бригада выехала", by=other, at=now())

    message = desk.locator("#toasts [data-news]")
    expect(message).to_contain_text("Бригада выехала")
    expect(desk.locator("#watching-mark .dot")).to_have_text("1")
    message.locator("a").click()
    expect(desk.locator(".dk-letter.note")).to_contain_text("Бригада выехала")
    expect(desk.locator("#card-read")).to_have_attribute("data-said", "1")
    desk.wait_for_load_state("networkidle")
    desk.goto(desk.url.split("/incidents/")[0] + reverse("incidents:watching"))
    expect(desk.locator("#watched .dk-empty")).to_be_visible()


def test_whoever_is_named_in_a_note_is_told_though_he_did_not_watch(open_page: OpenPage) -> None:
    named = make_user(username="sedov", last_name="Седов")
    incident = make_incident()
    desk = open_page(named)
    expect(desk.locator("#link.is-up")).to_be_visible()
    expect(desk.locator("#watching-mark [data-watched]")).to_be_attached()
    mine = open_page(make_user(), incident.get_absolute_url())

    mine.fill("#note-text", "@sedov, посмотри, пожалуйста")
    mine.locator("#note-text").press("Control+Enter")

    expect(desk.locator("#toasts [data-news]")).to_contain_text("посмотри")
    expect(mine.locator("#tags .dk-watchers")).to_contain_text("Седов")


def test_closing_is_answered_where_it_was_clicked_with_the_keyboard(open_page: OpenPage) -> None:
    me = make_user()
    incident, part = make_incident(status="inProgress", assignee=me), make_incident()
    item = ChecklistItem.objects.create(name_ru="Акт получен", name_en="Act", is_required=True)
    linking.link(incident, "parent", part, by=me, at=now())
    page = open_page(me, incident.get_absolute_url())
    close = page.locator(".dk-steps button", has_text=re.compile("Закрыт|Closed"))

    close.click()
    question = page.locator("#closing")
    expect(question).to_be_in_viewport()
    expect(question).to_contain_text(part.code.split("-")[1])
    expect(page.locator("#closing-type")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)

    close.click()
    expect(page.locator("#closing-type")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page.locator(".dk-closed")).to_be_visible()
    incident.refresh_from_db()
    assert (incident.is_open, incident.type) == (False, IncidentType.objects.filter(is_active=True).first())
    assert incident.checklist_marks.get().item == item


def test_a_fact_is_typed_over_in_its_place(open_page: OpenPage) -> None:
    incident = make_incident(subject="Отсутствует ВЭС")
    page = open_page(make_user(), incident.get_absolute_url())

    page.locator(".dk-edit summary").first.click()
    page.fill("#fact-subject", "Отсутствует ВЭС, Стулово")
    page.locator("#fact-subject").press("Control+Enter")

    expect(page.locator("h1")).to_contain_text("Стулово")
    expect(page.locator(".dk-edit[open]")).to_have_count(0)


def test_a_slip_over_many_is_undone_by_one_button(open_page: OpenPage) -> None:
    me = make_user()
    rows = [make_incident(status="inProgress") for _n in range(3)]
    page = open_page(me)
    expect(page.locator("#link.is-up")).to_be_visible()
    for row in rows:
        page.locator(f"#rows > [data-code={row.code}] .c-sel input").check()
    page.keyboard.press("s")
    page.locator(f"#bulk-status button[value='status:{Status.objects.get(key='naGeneraciiNb').pk}']").click()

    undo = page.locator("#toasts .dk-undo button")
    expect(undo).to_contain_text("3")
    undo.click()

    expect(page.locator("#toasts [data-lasts]")).to_have_count(0)
    for row in rows:
        row.refresh_from_db()
        assert row.status.key == "inProgress"
