"""A shift without a mouse: everything can be reached, what has the focus is seen, and nothing holds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents.models import Incident
from tests.factories import make_email, make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
# What has the focus: a word for it, whether it can be seen, and whether a ring is drawn round it or round its label.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) { return null; }
  const ring = (each) => { const style = each && getComputedStyle(each);
    return Boolean(style) && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
      && style.opacity !== "0" && each.getBoundingClientRect().width > 4; };
  const box = at.getBoundingClientRect();
  const label = at.closest("label,form,li") || at.parentElement;
  const words = at.getAttribute("aria-label") || at.textContent || "";
  return {
    name: at.tagName + "#" + at.id + "." + at.className + " " + words.trim().slice(0, 40),
    seen: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    ring: ring(at) || ring(at.nextElementSibling) || ring(at.parentElement) || ring(label),
  };
}"""


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def now() -> datetime:
    return datetime.now(UTC)


def make_old(number: int, **facts: Any) -> list[Incident]:
    """Incidents changed a minute apart, the newest first."""
    moments = [now() - timedelta(minutes=minutes + 1) for minutes in range(number)]
    return [make_incident(opened_at=moment, active_at=moment, **facts) for moment in moments]


def tab(page: Any, key: str = "Tab") -> dict[str, Any] | None:
    """Presses the key; what has the focus then must be in sight, with a ring."""
    page.keyboard.press(key)
    focus: dict[str, Any] | None = page.evaluate(FOCUS)
    if focus:
        assert focus["seen"], f"out of sight: {focus['name']}"
        assert focus["ring"], f"no ring: {focus['name']}"
    return focus


def tab_to(page: Any, selector: str, limit: int = 150) -> None:
    for _n in range(limit):
        tab(page)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reached {selector}")


def let_go(page: Any) -> None:
    """Out of the field, so that letters are keys again."""
    page.keyboard.press("Escape")
    assert page.evaluate("!document.activeElement.matches('input,textarea,select')")


def walk_round(page: Any, limit: int = 300) -> list[str]:
    """Tab from the top until the page is left or begins again; the same place twice would be a trap."""
    page.locator(".dk-skip").focus()
    names: list[str] = []
    page.evaluate("window.walked = new Set()")
    for _n in range(limit):
        focus = tab(page)
        is_new = focus and page.evaluate(
            "() => { const at = document.activeElement, is = walked.has(at); walked.add(at); return !is; }"
        )
        if not focus or not is_new:
            return names
        names.append(focus["name"])
    raise AssertionError(f"the walk has no end: {names[-5:]}")


def test_a_shift_without_a_mouse(open_page: OpenPage, address: str) -> None:
    me, colleague = make_user(last_name="Крылова"), make_user(last_name="Седов")
    pole = make_pole("41007-P-43-1-1")
    old = make_old(4)
    page = open_page(me, "")
    page.context.clear_cookies()

    page.goto(address)
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type(me.username)
    tab(page)
    page.keyboard.type("secret")
    page.keyboard.press("Enter")
    expect(page.locator("#rows > tr")).to_have_count(4)
    page.wait_for_selector("#link.is-up")

    # Through the list, into the card.
    current = page.locator("#rows > [aria-current]")
    for key, incident in (("j", old[0]), ("j", old[1]), ("k", old[0]), ("j", old[1])):
        page.keyboard.press(key)
        expect(current).to_have_attribute("data-code", incident.code)
    page.keyboard.press("Enter")
    expect(page.locator("#card-head")).to_contain_text(old[1].subject)

    # Its site, the acceptance, a note.
    if not page.locator("#site-pole").is_visible():
        tab_to(page, "#site > summary")
        page.keyboard.press("Enter")
    tab_to(page, "#site-pole")
    page.keyboard.type("41007")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#card-facts")).to_contain_text(pole.code)
    page.keyboard.press("t")
    expect(page.locator("[popovertarget=assign-menu]")).to_contain_text(me.full_name)
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Звонил мастеру")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".dk-letter.note")).to_contain_text("Звонил мастеру")

    # Back to the same row; two rows chosen and given away.
    let_go(page)
    page.keyboard.press("Escape")
    expect(page.locator("#rows > tr")).to_have_count(4)
    page.wait_for_selector("#link.is-up")
    expect(current).to_have_attribute("data-code", old[1].code)
    chosen = []
    for _n in range(2):
        page.keyboard.press("x")
        chosen.append(current.get_attribute("data-code"))
        page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#bulk-assign")).to_be_visible()
    for _n in range(10):
        if page.evaluate("name => document.activeElement.textContent.includes(name)", colleague.full_name):
            break
        tab(page, "ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("2")
    assert set(Incident.objects.filter(assignee=colleague).values_list("code", flat=True)) == set(chosen)

    # A call.
    page.keyboard.press("n")
    expect(page.locator("#new-who")).to_be_focused()
    page.keyboard.type("Пётр, +7 912 000-00-01")
    page.keyboard.press("Enter")
    page.keyboard.type("Искрит ввод")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#card-head")).to_contain_text("Искрит ввод")
    page.keyboard.press("Escape")
    expect(page.locator("#rows > tr")).to_have_count(5)


@pytest.mark.parametrize(
    "path", ["/", "card", "/letters/", "/letters/balance/", "/incidents/new/", "/towers/", "/mail/", "/reminders/"]
)
def test_everything_is_reached_by_tab_and_nothing_holds_the_focus(open_page: OpenPage, path: str) -> None:
    old = make_old(3)
    old[0].letters.create(email=make_email(), way="opened", thread=1)
    page = open_page(make_user(), old[0].get_absolute_url() if path == "card" else path)

    names = walk_round(page)

    assert len(names) > 5
    links = page.locator("main a:visible, main button:visible, main summary:visible")
    for link in links.all():
        is_walked = link.evaluate("each => walked.has(each) || each.disabled || each.tabIndex < 0")
        assert is_walked, link.evaluate("each => each.outerHTML.slice(0, 200)")


@pytest.mark.parametrize("path", ["/", "card", "/letters/", "/incidents/new/"])
def test_the_first_tab_offers_to_skip_to_the_content(open_page: OpenPage, path: str) -> None:
    incident = make_incident(active_at=now())
    page = open_page(make_user(), incident.get_absolute_url() if path == "card" else path)
    page.evaluate("document.activeElement.blur()")
    page.locator(".dk-skip").focus()
    expect(page.locator(".dk-skip")).to_be_in_viewport()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_escape_closes_the_newest_thing_first_and_gives_the_focus_back(open_page: OpenPage) -> None:
    make_old(2)
    page = open_page(make_user())
    tab_to(page, "[popovertarget=look-menu]")
    page.keyboard.press("Enter")
    expect(page.locator("#look-menu")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.locator("#look-menu")).to_be_hidden()
    expect(page.locator("[popovertarget=look-menu]")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
