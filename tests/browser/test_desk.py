"""The desk in a real browser: rows that come by themselves, and the hand that is not disturbed."""

from __future__ import annotations

import time
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


def now() -> datetime:
    return datetime.now(UTC)


def make_old(number: int) -> list[Incident]:
    """Incidents changed a minute apart, the newest first."""
    moments = [now() - timedelta(minutes=minutes + 1) for minutes in range(number)]
    return [make_incident(opened_at=moment, active_at=moment) for moment in moments]


def open_one(subject: str = "Нет питания") -> Incident:
    return services.open_by_hand(subject, by=make_user(), at=now())


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_live(page: Any) -> None:
    page.wait_for_selector("#link.is-up")
    page.wait_for_timeout(500)


def rows(page: Any) -> list[str]:
    return page.locator("#rows > [data-code]").evaluate_all("rows => rows.map(row => row.dataset.code)")


def test_a_new_incident_enters_at_the_top_well_within_a_second(open_page: OpenPage) -> None:
    make_old(3)
    page = open_page(make_user())
    is_live(page)

    began = time.monotonic()
    incident = open_one()

    page.wait_for_selector(f"#rows > [data-code={incident.code}]", timeout=1000)
    assert time.monotonic() - began < 1
    assert rows(page)[0] == incident.code
    expect(page.locator("#count")).to_have_text("4")


def test_the_empty_desk_shows_its_first_incident(open_page: OpenPage) -> None:
    page = open_page(make_user())
    is_live(page)
    expect(page.locator(".dk-list .dk-empty")).to_be_visible()

    incident = open_one()

    expect(page.locator(f"#rows > [data-code={incident.code}]")).to_be_visible()
    expect(page.locator(".dk-list .dk-empty")).to_be_hidden()


def test_under_the_pointer_new_rows_wait_in_the_pill_and_enter_when_it_leaves(open_page: OpenPage) -> None:
    old = make_old(5)
    page = open_page(make_user())
    is_live(page)
    page.hover(f"#rows > [data-code={old[2].code}]")

    new = [open_one(), open_one()]

    expect(page.locator("#pill")).to_contain_text("2")
    assert rows(page) == [incident.code for incident in old]
    page.mouse.move(20, 400)
    expect(page.locator("#pill")).to_be_hidden()
    assert rows(page) == [incident.code for incident in [*reversed(new), *old]]


def test_the_pill_lets_waiting_rows_in(open_page: OpenPage) -> None:
    old = make_old(3)
    page = open_page(make_user())
    is_live(page)
    page.hover(f"#rows > [data-code={old[0].code}]")
    incident = open_one()

    page.click("#pill")

    expect(page.locator("#rows > tr").first).to_have_attribute("data-code", incident.code)


def test_a_change_by_somebody_else_shows_in_its_row_without_moving_it(open_page: OpenPage) -> None:
    old = make_old(4)
    page = open_page(make_user())
    is_live(page)

    services.take(old[2], by=make_user(last_name="Седов", first_name="Дмитрий"), at=now())

    cell = page.locator(f"#rows > [data-code={old[2].code}] .c-who")
    expect(cell).to_contain_text("Дмитрий Седов")
    assert rows(page) == [incident.code for incident in old]


def test_a_closed_incident_leaves_the_open_ones(open_page: OpenPage) -> None:
    old = make_old(3)
    page = open_page(make_user())
    is_live(page)
    somebody = make_user()
    services.take(old[1], by=somebody, at=now())

    services.change_status(old[1], Status.objects.get(key="closed"), by=somebody, at=now())

    expect(page.locator(f"#rows > [data-code={old[1].code}]")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("2")


def test_keys_walk_the_list_and_take_works_in_place(open_page: OpenPage) -> None:
    old = make_old(3)
    me = make_user()
    page = open_page(me)
    is_live(page)

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#preview h2")).to_have_text(old[1].subject)
    assert f"open={old[1].code}" in page.url
    page.keyboard.press("t")

    expect(page.locator("#preview .dk-st.fill")).to_have_text("В работе")
    expect(page.locator(f"#rows > [data-code={old[1].code}] .dk-who.me")).to_be_visible()
    old[1].refresh_from_db()
    assert old[1].assignee == me


def test_enter_opens_the_card_and_back_finds_the_same_row(open_page: OpenPage) -> None:
    old = make_old(60)
    page = open_page(make_user())
    is_live(page)
    for _ in range(45):
        page.keyboard.press("j")
    top = page.evaluate("document.getElementById('scroll').scrollTop")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{old[44].code}/")

    page.go_back()

    expect(page.locator("#rows > [aria-current]")).to_have_attribute("data-code", old[44].code)
    assert top > 0
    assert abs(page.evaluate("document.getElementById('scroll').scrollTop") - top) < 50


def test_what_was_read_on_its_card_is_read_in_the_list_that_back_brings(open_page: OpenPage) -> None:
    incident = open_one()
    Incident.objects.filter(pk=incident.pk).update(has_news=True)
    page = open_page(make_user())
    is_live(page)
    row = page.locator(f"#rows > [data-code={incident.code}]")
    expect(row).to_have_class("dk-row unread")

    page.goto(page.url.rstrip("/") + incident.get_absolute_url())
    expect(page.locator("#card-head")).to_be_visible()
    until(lambda: not Incident.objects.get(pk=incident.pk).has_news)
    with page.expect_request("**/?live=*") as asked:
        page.go_back()

    expect(row).to_have_class("dk-row")
    # Whatever copy of the page the browser brought, it asks for everything.
    assert "since=" not in asked.value.url


def test_filters_change_the_list_without_a_reload_and_have_an_address(open_page: OpenPage) -> None:
    old = make_old(2)
    services.take(old[0], by=make_user(), at=now())
    page = open_page(make_user())
    page.evaluate("window.stays = true")

    page.click("#queues a[href$='queue=new']")

    expect(page.locator("#rows > tr")).to_have_count(1)
    expect(page.locator("#queues [aria-current]")).to_have_attribute("href", "/?queue=new")
    assert page.url.endswith("?queue=new")
    assert page.evaluate("window.stays")


def test_the_whole_desk_works_without_javascript(open_page: OpenPage) -> None:
    old = make_old(60)
    page = open_page(make_user(), java_script_enabled=False)

    page.click("a[rel=next]")
    assert rows(page) == [incident.code for incident in old[50:]]
    page.fill("#find", old[55].subject)
    page.press("#find", "Enter")
    assert rows(page) == [old[55].code]
    page.click(f"[data-code={old[55].code}] a.subj")

    assert page.url.endswith(f"/incidents/{old[55].code}/")


def test_a_phone_shows_rows_as_cards_that_lead_to_the_incident(open_page: OpenPage) -> None:
    old = make_old(3)
    page = open_page(make_user(), width=390, height=844, has_touch=True)
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")

    page.tap(f"#rows > [data-code={old[1].code}] a.subj")

    page.wait_for_url(f"**/incidents/{old[1].code}/")
    assert not is_wide


def test_tabs_share_one_stream_and_all_of_them_are_live(open_page: OpenPage) -> None:
    page = open_page(make_user())
    is_live(page)
    streams: list[str] = []
    page.context.on("request", lambda request: streams.append(request.url) if "/events/" in request.url else None)
    second = page.context.new_page()
    second.goto(page.url)
    is_live(second)

    incident = open_one()

    for each in (page, second):
        expect(each.locator(f"#rows > [data-code={incident.code}]")).to_be_visible()
    assert streams == []


def test_the_tab_that_is_left_takes_the_stream_over(open_page: OpenPage) -> None:
    page = open_page(make_user())
    is_live(page)
    second = page.context.new_page()
    second.goto(page.url)
    is_live(second)
    page.close()
    second.wait_for_timeout(500)

    incident = open_one()

    expect(second.locator(f"#rows > [data-code={incident.code}]")).to_be_visible()


def test_without_the_stream_the_page_asks_by_itself_and_says_so(open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page(make_user())
    page.context.route("**/events/", lambda route: route.fulfill(status=503, body=""))
    page.clock.install()
    page.reload()
    expect(page.locator("#link")).to_have_class("dk-link is-over")
    incident = open_one()

    page.clock.run_for(16_000)

    expect(page.locator(f"#rows > [data-code={incident.code}]")).to_be_visible()
    page.close()
    complaints.clear()  # of the stream that was refused


def test_a_filter_is_added_by_ticking_values_and_taken_off_by_its_cross(open_page: OpenPage) -> None:
    plain, other = make_old(2)
    other.status = Status.objects.get(key="inProgress")
    other.save()
    page = open_page(make_user())

    page.click("[popovertarget=add-menu]")
    page.click("#add-menu [popovertarget=f-status]")
    page.check("#f-status [value=inProgress]")
    page.click("#f-status footer .btn-primary")

    expect(page.locator("#rows > tr")).to_have_count(1)
    assert rows(page) == [other.code]
    assert page.url.endswith("?status=inProgress")
    page.click(".dk-filters .dk-chip.on a")
    expect(page.locator("#rows > tr")).to_have_count(2)
    assert rows(page) == [plain.code, other.code]


def test_columns_change_at_once_and_the_menu_stays_for_the_next_one(open_page: OpenPage) -> None:
    make_old(2)
    page = open_page(make_user())
    page.click("[popovertarget=look-menu]")

    page.check("#look-menu [value=region]")
    expect(page.locator("th.w-region")).to_have_count(1)
    expect(page.locator("#look-menu")).to_be_visible()
    page.click("#look-menu button[name=left][value=region]")
    expect(page.locator("th:nth-last-child(2).w-region")).to_have_count(1)

    page.goto(page.url.split("?")[0])
    expect(page.locator("th:nth-last-child(2).w-region")).to_have_count(1)


def test_a_row_that_arrives_finds_its_place_when_no_heading_tells_the_order(open_page: OpenPage) -> None:
    make_old(3)
    page = open_page(make_user(), "/?cols=code.subject")
    is_live(page)

    incident = open_one()

    page.wait_for_selector(f"#rows > [data-code={incident.code}]", timeout=2000)
    assert rows(page)[0] == incident.code


def test_a_list_is_kept_as_a_view_and_found_again_above_the_queues(open_page: OpenPage) -> None:
    make_old(2)
    page = open_page(make_user(), "/?queue=new")

    page.click("[popovertarget=views-menu]")
    page.fill("#views-menu [name=name]", "Утро")
    page.press("#views-menu [name=name]", "Enter")

    expect(page.locator("h1")).to_contain_text("Утро")
    page.goto(page.url.split("?")[0])
    page.click("#views a")
    expect(page.locator("#views a[aria-current]")).to_have_text("Утро")
    expect(page.locator("#rows > tr")).to_have_count(2)


def test_filters_work_without_javascript(open_page: OpenPage) -> None:
    _plain, other = make_old(2)
    other.status = Status.objects.get(key="inProgress")
    other.save()
    page = open_page(make_user(), java_script_enabled=False)

    page.click("[popovertarget=add-menu]")
    page.click("#add-menu [popovertarget=f-status]")
    page.check("#f-status [value=inProgress]")
    page.click("#f-status footer .btn-primary")

    assert page.locator("#rows > tr").count() == 1
    assert page.url.endswith("?status=inProgress")
