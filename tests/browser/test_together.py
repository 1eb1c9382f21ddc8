"""Two people, two browsers, one incident: nobody is surprised, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import expect

from dispatchers.models import User
from incidents import services
from incidents.models import Draft, Incident, Presence
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def pencil(page: Any) -> Any:
    return page.locator(".dk-present .dk-who.live")


def asks_again(page: Any) -> None:
    """What the page does by itself every twenty seconds, and when its stream comes back."""
    page.wait_for_timeout(5200)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")


def kept(person: User) -> list[str]:
    return list(Draft.objects.filter(person=person).values_list("text", flat=True))


def until(page: Any, fact: Callable[[], Any], limit_ms: int = 8000) -> None:
    for _n in range(limit_ms // 100):
        if fact():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen in time")


def sign_in(page: Any, person: User, address: str) -> Any:
    """In another tab of the same browser, as the message proposes."""
    tab = page.context.new_page()
    tab.goto(address + reverse("dispatchers:sign_in"))
    tab.fill("[name=username]", person.username)
    tab.fill("[name=password]", "secret")
    tab.locator("form:has([name=password]) button").first.click()
    tab.wait_for_url(lambda url: "sign-in" not in url)
    return tab


def test_one_types_and_the_other_sees_who(open_page: OpenPage) -> None:
    incident, me = make_incident(), make_user(last_name="Крылова", first_name="Анна")
    mine = open_page(me, incident.get_absolute_url())
    until(mine, lambda: Presence.objects.filter(person=me).exists())
    his = open_page(make_user(last_name="Седов", first_name="Павел"), incident.get_absolute_url())
    expect(his.locator(".dk-present")).to_contain_text("Крылова")

    his.fill("#note-text", "Бригада будет к 15:30")
    until(his, lambda: Presence.objects.filter(typing_at__isnull=False).exists())

    asks_again(mine)
    expect(pencil(mine)).to_have_attribute("title", "Павел Седов")
    expect(mine.locator(".dk-present")).to_contain_text("Седов")
    his.locator("#note button").click()
    expect(mine.locator(".dk-letter.note")).to_contain_text("15:30")
    his.close()
    asks_again(mine)
    expect(mine.locator(".dk-here")).to_have_count(0)


def test_a_draft_is_on_the_server_within_a_second_and_opens_in_any_browser(open_page: OpenPage) -> None:
    incident, me = make_incident(), make_user()
    page = open_page(me, incident.get_absolute_url())
    page.locator("#note-text").press_sequentially("Звонил мастеру")
    page.wait_for_timeout(1000)
    assert kept(me) == ["Звонил мастеру"]
    services.assign(incident, to=make_user(), by=None, at=datetime.now(UTC))

    elsewhere = open_page(me, incident.get_absolute_url())

    assert elsewhere.input_value("#note-text") == "Звонил мастеру"
    elsewhere.locator("#note-text").press("Control+Enter")
    expect(elsewhere.locator("#note-text")).to_have_value("")
    until(page, lambda: kept(me) == [])
    elsewhere.reload()
    assert elsewhere.input_value("#note-text") == ""
    assert incident.comments.get().text == "Звонил мастеру"


def test_the_session_ends_while_somebody_types_and_nothing_is_lost(
    open_page: OpenPage, address: str, complaints: list[str]
) -> None:
    incident, me = make_incident(), make_user()
    page = open_page(me, incident.get_absolute_url())
    page.locator("#note-text").press_sequentially("Звонил")
    until(page, lambda: kept(me) == ["Звонил"])
    Session.objects.all().delete()

    page.locator("#note-text").press_sequentially(" мастеру")

    expect(page.locator(".dk-draft.is-over")).to_be_visible()
    expect(page.locator("#toasts [data-from=toast-signed-out]")).to_be_visible()
    assert page.input_value("#note-text") == "Звонил мастеру"
    tab = sign_in(page, me, address)
    until(tab, lambda: kept(me) == ["Звонил мастеру"], 12000)
    tab.goto(address + incident.get_absolute_url())
    assert tab.input_value("#note-text") == "Звонил мастеру"
    # The first page works on, with the proof of the new session.
    expect(page.locator(".dk-draft.is-over")).to_have_count(0)
    page.locator("#note-text").press("Control+Enter")
    expect(page.locator(".dk-letter.note")).to_contain_text("Звонил мастеру")
    assert all("403" in each for each in complaints), complaints
    complaints.clear()


def test_a_failed_save_is_said_and_tried_again(open_page: OpenPage, complaints: list[str]) -> None:
    incident, me = make_incident(), make_user()
    page = open_page(me, incident.get_absolute_url())
    page.route("**/draft/", lambda route: route.abort())
    page.locator("#note-text").press_sequentially("Звонил")
    expect(page.locator(".dk-draft.is-over")).to_be_visible()
    page.reload()
    assert page.input_value("#note-text") == "Звонил"
    page.unroute("**/draft/")

    until(page, lambda: kept(me) == ["Звонил"])
    expect(page.locator(".dk-draft.is-over")).to_have_count(0)
    complaints.clear()


def test_a_note_written_past_a_colleagues_note_is_shown_it_first(open_page: OpenPage) -> None:
    incident, me = make_incident(), make_user()
    page = open_page(me, incident.get_absolute_url())
    page.fill("#note-text", "Звонил мастеру")
    services.add_comment(incident, "Бригада выехала", by=make_user(last_name="Седов"), at=datetime.now(UTC))
    # As if the stream had not brought it yet.
    page.evaluate("document.getElementById('card-seen').value = '0'")

    page.locator("#note-text").press("Control+Enter")

    expect(page.locator("#note-error")).to_contain_text("Седов")
    expect(page.locator("#note-text")).to_have_value("Звонил мастеру")
    page.locator("#note-text").press("Control+Enter")
    expect(page.locator("#note-text")).to_have_value("")
    assert incident.comments.count() == 2


def test_a_slip_is_taken_back_from_its_message(open_page: OpenPage) -> None:
    me = make_user()
    incident = make_incident()
    page = open_page(me, incident.get_absolute_url())
    page.locator("button[data-key=KeyT]").click()
    expect(page.locator("[popovertarget=assign-menu]")).to_contain_text(me.full_name)

    page.locator("#toasts .dk-undo button").click()

    expect(page.locator("[popovertarget=assign-menu]")).not_to_contain_text(me.full_name)
    row = Incident.objects.get(pk=incident.pk)
    assert (row.assignee, row.status.key) == (None, "new")


# --- Append to tests/browser/test_together.py once together-apply.py has run ---


def test_typing_is_seen_within_a_second_and_leaving_too(open_page: OpenPage) -> None:
    incident = make_incident()
    mine = open_page(make_user(), incident.get_absolute_url())
    his = open_page(make_user(last_name="Седов", first_name="Павел"), incident.get_absolute_url())
    expect(mine.locator(".dk-here")).to_contain_text("Седов")

    his.locator("#note-text").press_sequentially("Бригада")

    expect(pencil(mine)).to_have_attribute("title", "Павел Седов", timeout=1000)
    his.fill("#note-text", "")
    expect(pencil(mine)).to_have_count(0, timeout=1000)
    his.goto("about:blank")
    expect(mine.locator(".dk-here")).to_have_count(0, timeout=1500)


def test_the_pane_of_the_desk_shows_who_has_the_incident_before_him(open_page: OpenPage) -> None:
    incident = make_incident()
    desk = open_page(make_user(last_name="Крылова"), f"/?open={incident.code}")
    card = open_page(make_user(last_name="Седов"), incident.get_absolute_url())

    expect(desk.locator(".dk-here")).to_contain_text("Седов")
    expect(card.locator(".dk-here")).to_contain_text("Крылова")


def test_a_slip_is_taken_back_from_its_line(open_page: OpenPage) -> None:
    incident = make_incident(status="inProgress")
    page = open_page(make_user(), incident.get_absolute_url())
    page.locator("button[data-key=KeyC]").click()
    line = page.locator(".dk-say .dk-undo button")
    expect(line).to_have_count(1)

    line.click()

    expect(page.locator("#card-head .dk-st.fill")).to_have_text(incident.status.name)
    # The line that took it back may be taken back itself; the one before may not any more.
    expect(line).to_have_count(1)
    assert incident.events.latest("id").data["undoes"]
