"""The card in a real browser: it stays fresh, nothing moves under the hand, and it works without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import services
from incidents.models import Incident, IncidentEmail, IncidentType, Status
from mailbox.parsing.safe_html import clean_html
from tests.factories import make_email, make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def now() -> datetime:
    return datetime.now(UTC)


def come(incident: Incident, words: str, **over: Any) -> None:
    """A letter comes and joins, as intake would let it."""
    facts: dict[str, Any] = {"text": words, "reply_text": words, "received_at": now(), **over}
    services.attach_email(incident, make_email(**facts), way=IncidentEmail.Way.THREAD, at=now())


def make_talk(letters: int = 12, **over: Any) -> Incident:
    incident = make_incident(opened_at=now() - timedelta(hours=5), active_at=now() - timedelta(hours=5), **over)
    for number in range(letters):
        come(incident, f"Письмо {number}\n" + "слово " * 60, received_at=now() - timedelta(hours=4, minutes=-number))
    services.mark_read(incident)
    return incident


def is_live(page: Any) -> None:
    """The stream has connected; a change from now on must be shown."""
    expect(page.locator("html[data-live]")).to_be_attached(timeout=15000)


def test_a_letter_appears_and_neither_the_note_nor_the_place_is_lost(open_page: OpenPage) -> None:
    incident, me = make_talk(), make_user()
    page = open_page(me, incident.get_absolute_url())
    is_live(page)
    page.fill("#note-text", "Звонил масте")
    page.evaluate("document.getElementById('card-talk').scrollTop = 200")

    come(incident, "Питание восстановлено")

    expect(page.get_by_text("Питание восстановлено")).to_be_attached(timeout=8000)
    assert page.evaluate("document.getElementById('card-talk').scrollTop") == 200
    assert page.input_value("#note-text") == "Звонил масте"
    assert page.evaluate("document.activeElement.id") == "note-text"
    page.click(".dk-below")
    expect(page.get_by_text("Питание восстановлено")).to_be_in_viewport()


def test_an_opened_quotation_stays_open_when_something_happens(open_page: OpenPage) -> None:
    incident = make_incident()
    come(incident, "Едем.", text="Едем.\n\n17.08.2026, 19:10, <desk@towers.example>:\n> Когда приедете?")
    page = open_page(make_user(), incident.get_absolute_url())
    is_live(page)
    page.click(".dk-quote summary")

    services.add_comment(incident, "ждём до шести", by=None, at=now())

    expect(page.get_by_text("ждём до шести")).to_be_visible(timeout=8000)
    expect(page.get_by_text("Когда приедете?")).to_be_visible()


def test_a_step_is_taken_in_place_and_its_key_works(open_page: OpenPage) -> None:
    me = make_user()
    incident = make_incident(status="inProgress", assignee=me, type=IncidentType.objects.first())
    page = open_page(me, incident.get_absolute_url())
    page.evaluate("window.stays = true")

    page.get_by_role("button", name=Status.objects.get(key="naGeneraciiNb").name).click()

    expect(page.locator("#card-head .dk-st.fill")).to_have_text(Status.objects.get(key="naGeneraciiNb").name)
    page.keyboard.press("c")
    expect(page.locator("#card-head .dk-st.fill")).to_have_text(Status.objects.get(key="closed").name)
    assert page.evaluate("window.stays")


def test_a_reason_being_typed_keeps_the_header_until_it_is_sent(open_page: OpenPage) -> None:
    incident = make_incident(status="inProgress")
    page = open_page(make_user(), incident.get_absolute_url())
    is_live(page)
    page.click(".dk-step summary")
    page.fill(".dk-step textarea", "шифр с ошибкой")

    services.assign(incident, to=make_user(last_name="Седов"), by=None, at=now())

    expect(page.locator(".dk-tl").get_by_text("Седов")).to_be_visible(timeout=8000)
    assert page.input_value(".dk-step textarea") == "шифр с ошибкой"
    page.locator(".dk-step button").click()
    expect(page.locator("#card-head .dk-err")).to_contain_text("шифр с ошибкой")
    expect(page.locator("#card-head")).to_contain_text("Седов")


def test_a_header_that_had_to_wait_comes_when_the_menu_is_closed(open_page: OpenPage) -> None:
    incident = make_incident(status="inProgress")
    page = open_page(make_user(), incident.get_absolute_url())
    is_live(page)
    page.click("[popovertarget=assign-menu]")

    services.assign(incident, to=make_user(last_name="Седов"), by=None, at=now())
    expect(page.locator(".dk-tl").get_by_text("Седов")).to_be_visible(timeout=8000)
    expect(page.locator("#assign-menu")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.locator("[popovertarget=assign-menu]")).to_contain_text("Седов", timeout=8000)


def test_a_note_is_saved_by_keys_and_a_draft_outlives_a_reload(open_page: OpenPage) -> None:
    incident = make_incident()
    page = open_page(make_user(), incident.get_absolute_url())
    page.keyboard.press("n")
    page.keyboard.type("бригада выехала")
    page.reload()
    assert page.input_value("#note-text") == "бригада выехала"

    page.locator("#note-text").press("Control+Enter")

    expect(page.locator(".dk-letter.note")).to_contain_text("бригада выехала")
    expect(page.locator("#note-text")).to_have_value("")
    # The page asks once more after its own note; a reload must not cut that off.
    page.wait_for_timeout(1000)
    page.reload()
    expect(page.locator("#note-text")).to_have_value("")


def test_a_letters_own_look_fits_its_frame_and_asks_before_it_loads_pictures(open_page: OpenPage) -> None:
    incident = make_incident()
    html = "<p>строка</p>" * 60 + '<img src="https://far.example/a.png">'
    safe = clean_html(html)
    come(incident, "строка", safe_html=safe.html, has_remote_images=safe.has_remote_images)
    page = open_page(make_user(), incident.get_absolute_url())
    asked: list[str] = []
    page.context.route("https://far.example/**", lambda route: (asked.append(route.request.url), route.abort()))

    page.click(".dk-html summary")

    expect(page.frame_locator(".dk-frame").locator("p").last).to_be_attached()
    page.wait_for_function("document.querySelector('.dk-frame').clientHeight > 1000")
    inside = page.frames[1]
    assert inside.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert asked == []


def test_a_beginning_of_a_code_is_completed(open_page: OpenPage) -> None:
    incident = make_incident()
    pole = make_pole("41960-P-43-1-1")
    make_pole("41960-P-43-1-2")
    page = open_page(make_user(), incident.get_absolute_url())

    page.locator("#site-pole").press_sequentially("41960")
    expect(page.locator(".dk-options [role=option]")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#card-facts .big").first).to_have_text(pole.code)
    expect(page.locator("#card-facts")).to_contain_text(pole.contractor.name)


def test_everything_works_without_scripts(open_page: OpenPage) -> None:
    me, other = make_user(), make_user(last_name="Седов")
    incident = make_incident(has_news=True)
    page = open_page(me, incident.get_absolute_url(), java_script_enabled=False)

    page.locator("noscript form button, form[action$='/read/'] button").click()
    page.locator("button[data-key=KeyT]").click()
    page.fill("#note-text", "взял")
    page.locator("#note button").click()
    page.click("[popovertarget=assign-menu]")
    page.locator(f"#assign-menu button[value='{other.pk}']").click()
    page.click(".dk-step summary")
    page.fill(".dk-step textarea", "нет такого шифра")
    page.locator(".dk-step button").click()

    incident.refresh_from_db()
    assert (incident.assignee, incident.status.key, incident.has_news) == (other, "error", False)
    assert incident.error_reason == "нет такого шифра"
    assert incident.comments.get().text == "взял"


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_screen(open_page: OpenPage, width: int) -> None:
    incident = make_incident(subject="Отсутствует ВЭС " + "очень-длинное-слово" * 12, pole=make_pole("1" * 32))
    come(incident, "х" * 400, from_name="Длинное имя отправителя " * 6)
    page = open_page(make_user(), incident.get_absolute_url(), width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
