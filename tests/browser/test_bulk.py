"""Choosing rows and doing one thing to all of them, by keys, by hand and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import services
from incidents.models import Incident, Status
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def make_old(number: int, **facts: Any) -> list[Incident]:
    """Incidents changed a minute apart, the newest first."""
    moments = [datetime.now(UTC) - timedelta(minutes=minutes + 1) for minutes in range(number)]
    return [make_incident(opened_at=moment, active_at=moment, **facts) for moment in moments]


def chosen(page: Any) -> list[str]:
    return page.locator("#rows .c-sel :checked").evaluate_all("boxes => boxes.map(box => box.value.split('~')[0])")


def box(page: Any, incident: Incident) -> Any:
    return page.locator(f"#rows > [data-code={incident.code}] .c-sel input")


def codes(incidents: list[Incident]) -> list[str]:
    return [each.code for each in incidents]


def test_keys_choose_rows_and_give_them_away_without_the_mouse(open_page: OpenPage) -> None:
    old = make_old(6)
    me = make_user()
    page = open_page(me)
    page.wait_for_selector("#link.is-up")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()

    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    assert chosen(page) == codes(old[:3])
    expect(bar).to_be_visible()
    expect(page.locator("#bulk-count")).to_contain_text("3")
    page.keyboard.press("a")
    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("3")
    expect(bar).to_be_hidden()
    expect(page.locator("#rows .dk-who.me")).to_have_count(3)
    assert set(Incident.objects.filter(assignee=me)) == set(old[:3])


def test_escape_lets_go_of_the_choice_before_the_row(open_page: OpenPage) -> None:
    make_old(3)
    page = open_page(make_user())
    page.keyboard.press("j")
    page.keyboard.press("x")

    page.keyboard.press("Escape")
    assert chosen(page) == []
    expect(page.locator("#rows > [aria-current]")).to_have_count(1)


def test_shift_and_click_choose_a_stretch_and_open_nothing(open_page: OpenPage) -> None:
    old = make_old(8)
    page = open_page(make_user())
    address = page.url

    box(page, old[1]).click()
    box(page, old[5]).click(modifiers=["Shift"])
    assert chosen(page) == codes(old[1:6])
    page.click(f"[data-code={old[7].code}] .c-site", modifiers=["Shift"])

    assert chosen(page) == codes(old[1:8])
    assert page.url == address
    page.keyboard.press("j")
    expect(page.locator("#rows > [aria-current]")).to_have_count(1)


def test_the_box_above_chooses_the_page_and_lets_go_of_it(open_page: OpenPage) -> None:
    old = make_old(5)
    page = open_page(make_user())

    page.click("#select-all")
    assert chosen(page) == codes(old)
    box(page, old[2]).click()
    assert page.evaluate("document.getElementById('select-all').indeterminate")
    page.click("#bulk-clear")

    assert chosen(page) == []


def test_a_row_that_changes_stays_chosen_and_knows_the_change(open_page: OpenPage) -> None:
    old = make_old(3)
    me, colleague = make_user(), make_user(last_name="Седов", first_name="Дмитрий")
    page = open_page(me)
    page.wait_for_selector("#link.is-up")
    box(page, old[1]).click()

    services.assign(old[1], to=colleague, by=colleague, at=datetime.now(UTC))

    expect(page.locator(f"[data-code={old[1].code}] .c-who")).to_contain_text("Дмитрий Седов")
    assert chosen(page) == [old[1].code]
    expect(box(page, old[1])).to_have_value(f"{old[1].code}~{old[1].events.latest('pk').pk}")


def test_what_a_colleague_did_unseen_is_refused_by_name_and_stays_chosen(
    open_page: OpenPage, complaints: list[str]
) -> None:
    old = make_old(3)
    me, colleague = make_user(), make_user(last_name="Седов", first_name="Дмитрий")
    page = open_page(me)
    page.wait_for_selector("#link.is-up")
    # The news that this page never gets.
    page.context.route("**/?*live=*", lambda route: route.abort())
    page.click("#select-all")
    services.assign(old[1], to=colleague, by=colleague, at=datetime.now(UTC))

    page.click("[popovertarget=bulk-assign]")
    page.click(f"#bulk-assign [value='assign:{me.pk}']")

    dialog = page.locator("dialog.bk-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("li")).to_have_count(1)
    expect(dialog).to_contain_text(old[1].code)
    expect(dialog).to_contain_text("Дмитрий Седов")
    assert chosen(page) == [old[1].code]
    assert set(Incident.objects.filter(assignee=me)) == {old[0], old[2]}
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.close()
    complaints.clear()  # of the news that never came


def test_a_reason_typed_once_goes_to_each(open_page: OpenPage) -> None:
    old = make_old(2, status="inProgress")
    page = open_page(make_user())
    page.click("#select-all")

    page.keyboard.press("s")
    page.fill("#bulk-reason", "Нет такой опоры")
    page.click(f"#bulk-status [value='status:{Status.objects.get(key='error').pk}']")

    expect(page.locator("#bulk")).to_be_hidden()
    assert {each.error_reason for each in Incident.objects.filter(pk__in=[row.pk for row in old])} == {
        "Нет такой опоры"
    }


def test_it_works_without_javascript(open_page: OpenPage) -> None:
    old = make_old(3)
    closed = old[2]
    me = make_user()
    page = open_page(me, "/?queue=new", java_script_enabled=False)
    for incident in old:
        box(page, incident).check()
    Incident.objects.filter(pk=closed.pk).update(status=Status.objects.get(key="closed"), closed_at=datetime.now(UTC))

    page.click("[popovertarget=bulk-assign]")
    page.click(f"#bulk-assign [value='assign:{me.pk}']")

    expect(page.locator(".bk-refused li")).to_have_count(1)
    expect(page.locator(".bk-refused")).to_contain_text(closed.code)
    assert Incident.objects.filter(assignee=me).count() == 2
    page.click("[data-back]")
    assert page.url.endswith("/?queue=new")


def test_the_list_is_saved_as_a_file_with_the_filters_of_the_address(open_page: OpenPage) -> None:
    me = make_user()
    make_old(2)
    mine = make_incident(assignee=me)
    page = open_page(me, "/?queue=mine")

    page.click("[popovertarget=export-menu]")
    with page.expect_download() as download:
        page.click("#export-menu a[href*=csv]")

    said = download.value.path().read_text(encoding="utf-8-sig")
    assert [line.split(";")[0] for line in said.splitlines()[1:]] == [mine.code]
    assert download.value.suggested_filename.endswith(".csv")


def test_on_a_phone_the_bar_and_its_menus_fit(open_page: OpenPage) -> None:
    old = make_old(4)
    page = open_page(make_user(), width=390, height=844, has_touch=True)

    box(page, old[0]).tap()
    box(page, old[1]).tap()

    assert chosen(page) == codes(old[:2])
    assert page.url.endswith("/")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    for button in page.locator("#bulk .bk-in > .btn").all():
        area = button.bounding_box()
        assert area["x"] >= 0
        assert area["x"] + area["width"] <= 390
