"""The palette and the keys: jumps and deeds by keyboard alone, on every page, in either layout."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident, SavedView, Status
from tests.factories import make_incident, make_pole, make_station, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def make_old(number: int, **facts: Any) -> list[Incident]:
    """Incidents changed a minute apart, the newest first."""
    moments = [datetime.now(UTC) - timedelta(minutes=minutes + 1) for minutes in range(number)]
    return [make_incident(opened_at=moment, active_at=moment, **facts) for moment in moments]


def opened(page: Any) -> Any:
    """The palette, opened by its key and complete."""
    page.keyboard.press("Control+K")
    expect(page.locator("#palette-field")).to_be_focused()
    page.wait_for_selector("#palette [role=option]")
    return page.locator("#palette")


def chosen(page: Any) -> Any:
    return page.locator("#palette [aria-selected=true]")


def choose_next(page: Any, number: int) -> None:
    """One row down, and chosen: so many are then."""
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#rows .c-sel :checked")).to_have_count(number)


def is_answered(page: Any) -> None:
    """The server has answered for what stands in the field."""
    page.wait_for_selector("#pf-search")
    expect(page.locator("#palette-found")).not_to_have_class("stale")


def test_a_code_typed_and_entered_in_one_go_opens_its_card(open_page: OpenPage) -> None:
    old = make_old(3)
    page = open_page(make_user(), "/letters/")

    page.keyboard.press("Control+K")
    page.keyboard.type(old[1].code.removeprefix("NT-"))
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{old[1].get_absolute_url()}")
    expect(page.locator(".dk-card")).to_contain_text(old[1].subject)


def test_arrows_choose_what_is_said_to_the_field_and_escape_gives_the_focus_back(open_page: OpenPage) -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1", address="д. Стулово, ул. Мира, д. 5"))
    incident = make_incident(pole=station.pole)
    page = open_page(make_user())
    page.locator("#find").focus()
    palette = opened(page)

    page.keyboard.type("960-P")
    expect(palette.get_by_role("option", name=incident.subject)).to_be_visible()
    is_answered(page)
    for name in (incident.subject, "41960-P-43-1-1"):
        expect(chosen(page)).to_contain_text(name)
        expect(page.locator("#palette-field")).to_have_attribute(
            "aria-activedescendant", chosen(page).get_attribute("id")
        )
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")

    expect(palette).to_be_hidden()
    expect(page.locator("#find")).to_be_focused()


def test_a_deed_on_the_chosen_rows_is_done_to_all_of_them(open_page: OpenPage) -> None:
    old = make_old(4)
    me, colleague = make_user(), make_user(last_name="Седов", first_name="Дмитрий")
    page = open_page(me)
    page.wait_for_selector("#link.is-up")
    choose_next(page, 1)
    choose_next(page, 2)

    palette = opened(page)
    page.locator("#palette-field").fill("назн")
    page.keyboard.press("Escape")
    # The next key is for the list at once.
    choose_next(page, 3)
    opened(page)
    expect(palette.locator(".pl-head").first).to_contain_text("3")
    page.keyboard.type("назн сед")
    expect(chosen(page)).to_contain_text("Дмитрий Седов")
    page.keyboard.press("Enter")

    expect(page.locator("#rows .dk-who[title='Дмитрий Седов']")).to_have_count(3)
    expect(page.locator("#bulk")).to_be_hidden()
    assert set(Incident.objects.filter(assignee=colleague)) == set(old[:3])


def test_a_deed_on_the_row_one_stands_on_needs_no_choice_and_leaves_none(open_page: OpenPage) -> None:
    old = make_old(3)
    colleague = make_user(last_name="Седов", first_name="Дмитрий")
    page = open_page(make_user())
    page.wait_for_selector("#link.is-up")
    page.keyboard.press("j")
    expect(page.locator("#preview h2")).to_have_text(old[0].subject)

    opened(page)
    # The keys of another layout.
    page.keyboard.type("ctljd")
    expect(chosen(page)).to_contain_text("Дмитрий Седов")
    page.keyboard.press("Enter")

    expect(page.locator("#rows .dk-who[title='Дмитрий Седов']")).to_have_count(1)
    expect(page.locator("#rows .c-sel :checked")).to_have_count(0)
    old[0].refresh_from_db()
    assert old[0].assignee == colleague


def test_on_a_card_the_steps_that_are_allowed_are_offered_and_done(open_page: OpenPage) -> None:
    me = make_user()
    incident = make_incident(assignee=me, status="inProgress")
    page = open_page(me, incident.get_absolute_url())

    palette = opened(page)
    expect(palette).to_contain_text(f"{incident.code}")
    page.keyboard.type("подтв")
    expect(chosen(page)).to_have_text("Ждем подтверждения")
    page.keyboard.press("Enter")

    expect(page.locator("#card-head .dk-st.fill")).to_have_text("Ждем подтверждения")


def test_pages_views_and_what_was_opened_last_are_a_few_keys_away(open_page: OpenPage) -> None:
    me, old = make_user(), make_old(2)
    SavedView.objects.create(owner=me, name="Моё позднее", query="queue=overdue")
    page = open_page(me, old[1].get_absolute_url())
    page.goto(urljoin(page.url, "/"))

    opened(page)
    expect(chosen(page)).to_contain_text(old[1].subject)
    page.keyboard.type("позднее")
    expect(chosen(page)).to_have_text("Моё позднее")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?queue=overdue")

    opened(page)
    page.keyboard.type("gbcm")
    expect(chosen(page)).to_have_text("Письма")
    page.keyboard.press("Enter")
    page.wait_for_url("**/letters/")


def test_a_call_begins_with_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(make_user(), "/letters/")

    opened(page)
    page.keyboard.type("8 912 555-12-34")
    is_answered(page)
    page.keyboard.press("ArrowUp")
    expect(chosen(page)).to_have_id("pf-new")
    page.keyboard.press("Enter")

    expect(page.locator("#new-who")).to_have_value("8 912 555-12-34")


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(open_page: OpenPage) -> None:
    first, second = make_incident(code="NT-163341"), make_incident(code="NT-274452")
    page = open_page(make_user(), "/letters/")
    opened(page)
    held: list[Any] = []
    page.route("**/palette/?q=163341", lambda route: held.append(route))

    with page.expect_request("**/palette/?q=163341"):
        page.keyboard.type("163341")
    page.locator("#palette-field").fill("274452")
    expect(chosen(page)).to_contain_text(second.subject)
    held[0].continue_()
    page.wait_for_load_state("networkidle")

    expect(chosen(page)).to_contain_text(second.subject)
    assert first.subject not in page.locator("#palette").inner_text()


def test_without_the_server_pages_are_still_found_and_the_failure_is_said(
    open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(make_user())
    opened(page)
    page.route("**/palette/?q=*", lambda route: route.abort())

    page.keyboard.type("письма")
    expect(page.locator("#palette-none")).to_be_visible()
    page.keyboard.press("Enter")

    page.wait_for_url("**/letters/")
    page.close()
    complaints.clear()  # of the answers that never came


def test_letters_of_the_bar_mean_the_row_while_nothing_is_chosen_and_let_go_of_it(open_page: OpenPage) -> None:
    old = make_old(3)
    page = open_page(make_user())
    page.wait_for_selector("#link.is-up")
    page.keyboard.press("j")

    page.keyboard.press("a")
    expect(page.locator("#bulk-assign")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#rows .c-sel :checked")).to_have_count(0)
    expect(page.locator("#rows > [aria-current]")).to_have_attribute("data-code", old[0].code)
    page.keyboard.press("a")
    page.keyboard.press("Enter")

    expect(page.locator("#rows .dk-who.me")).to_have_count(1)
    expect(page.locator("#rows .c-sel :checked")).to_have_count(0)


def test_e_leads_from_the_row_into_its_site_and_a_middle_part_of_the_code_is_enough(open_page: OpenPage) -> None:
    make_pole("41007-P-43-1-1")
    pole = make_pole("52960-P-59-1-1", address="д. Мостовое")
    old = make_old(1)
    page = open_page(make_user())
    page.wait_for_selector("#link.is-up")

    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator("#site-pole")).to_be_focused()
    page.keyboard.type("960-р-59")
    expect(page.locator("#site-pole-options [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#card-facts .big").first).to_have_text(pole.code)
    old[0].refresh_from_db()
    assert old[0].pole == pole


def test_a_step_in_the_pane_on_old_news_is_refused_with_the_news(open_page: OpenPage) -> None:
    me, colleague = make_user(), make_user(last_name="Седов", first_name="Дмитрий")
    (incident,) = make_old(1, status="inProgress", assignee=me)
    page = open_page(me)
    page.wait_for_selector("#link.is-up")
    page.keyboard.press("j")
    page.wait_for_selector("#preview [data-next]")
    # The pane never gets the news.
    page.route("**/preview/", lambda route: route.fulfill(status=204))
    waits = Status.objects.get(key="needAcceptance")

    services.change_status(incident, waits, by=colleague, at=datetime.now(UTC))
    page.keyboard.press("c")

    expect(page.locator("#toasts")).to_contain_text("Дмитрий Седов")
    incident.refresh_from_db()
    assert incident.status == waits


def test_the_help_names_the_keys_of_its_page_and_no_others(open_page: OpenPage, settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"
    me, incident = make_user(), make_incident()
    page = open_page(me)
    keys: dict[str, list[str]] = {}

    for path in ("/", incident.get_absolute_url(), "/letters/", "/reminders/"):
        page.goto(urljoin(page.url, path))
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        keys[path] = page.locator("#help kbd").all_inner_texts()

    assert {"j", "x", "t", "c", "r", "e", "a", "n"} <= set(keys["/"])
    assert {"t", "c", "r", "e", "a", "n"} <= set(keys[incident.get_absolute_url()])
    assert {"j", "k", "n", "/"} <= set(keys["/letters/"])
    assert not {"x", "t", "a"} & set(keys["/letters/"])
    assert set(keys["/reminders/"]) == {"Ctrl", "K", "n", "?"}


def test_who_only_looks_on_is_offered_nothing_to_do(open_page: OpenPage) -> None:
    incident = make_incident()
    page = open_page(make_user(Role.OBSERVER), incident.get_absolute_url())

    palette = opened(page)

    expect(palette.locator("#palette-own .pl-head").first).to_contain_text(incident.code)
    assert palette.locator("#palette-own [role=group]").first.get_by_role("option").count() == 1
    expect(palette.locator("#pf-new")).to_have_count(0)


def test_on_a_phone_it_fills_the_screen_and_a_finger_chooses(open_page: OpenPage) -> None:
    old = make_old(12)
    page = open_page(make_user(), width=390, height=844, has_touch=True)

    page.locator(".dk-tabbar [data-palette]").tap()
    expect(page.locator("#palette-field")).to_be_focused()
    page.locator("#palette-field").fill(old[2].code)
    is_answered(page)
    area = page.locator("#palette").bounding_box()
    assert (area["x"], area["width"]) == (0, 390)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    chosen(page).tap()

    page.wait_for_url(f"**{old[2].get_absolute_url()}")
