"""axe finds nothing to blame on any page: light and dark, wide and narrow, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.conf import settings as conf
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import expect

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.models import Incident
from incidents.tables import DeskTable
from tests.browser.busy_desk import make_desk
from tests.factories import make_incident, make_pole, make_user
from tests.security.people import browser_of
from tests.security.routes import all_routes, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
HERE = {"host": "127.0.0.1"}
# Pages made by others: Django's administration and Swagger's; and the stream, which has no end.
NOT_OURS = ("admin/", "api/", "events/")
RUN = """async ([rules, where]) => {
  const options = {iframes: false, resultTypes: ["violations"]};
  if (rules.length) { options.runOnly = {type: "rule", values: rules}; }
  const found = await axe.run(where || document, options);
  const why = (node) => (node.any[0] || node.all[0] || node.none[0]).message;
  return found.violations.flatMap((each) => each.nodes.map(
    (node) => [each.id, node.target.join(" "), node.html.slice(0, 160), why(node)].join(" | ")));
}"""
# What stands beyond the right edge and makes the whole page scroll sideways.
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? []
  : Array.from(document.body.querySelectorAll("*"))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(each).position !== "fixed")
  .slice(0, 3).map((each) => "too wide | " + each.outerHTML.slice(0, 120))"""
# Looked at once more as a phone in the dark shows them.
BY_NIGHT = {"/", "/letters/", "/towers/", "/sla/", "/incidents/new/", "card long", "map"}

DESKS = {
    "with a preview": "/?open={desk.long.code}",
    "closed": "/?queue=closed",
    "filtered": "/?status=inProgress&unread=1&from=2020-01-01",
    "nothing found": "/?q=такого%20здесь%20нет",
    "all columns": f"/?cols={'.'.join(DeskTable.base_columns)}",
    "found": "/?q=Питание",
}


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


class Walk:
    """One browser page that goes from state to state; `blame` collects what axe says of each."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address, self.blame = page, address, []
        page.context.add_init_script(AXE)

    def go(self, path: str) -> None:
        self.page.set_viewport_size(WIDE)
        self.page.goto(self.address + path)

    def look(self, name: str, where: str = "") -> None:
        """As it stands now: wide in light and dark, where only colours differ, then narrow.

        `where` is the only part that has changed since the last look.
        """
        self.glance(name, where)
        self._dress("dark")
        self._note(f"{name} wide dark", ["color-contrast"], where)
        self._dress("light")
        self.page.set_viewport_size(NARROW)
        self._note(f"{name} narrow", [], where)
        self.blame += [f"{name} narrow: {said}" for said in self.page.evaluate(TOO_WIDE)]
        if name in BY_NIGHT:
            self._dress("dark")
            self._note(f"{name} narrow dark", ["color-contrast"], where)
            self._dress("light")
        self.page.set_viewport_size(WIDE)

    def glance(self, name: str, where: str = "") -> None:
        """Wide and light only."""
        self._note(f"{name} wide", [], where)

    def _dress(self, theme: str) -> None:
        self.page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)

    def _note(self, name: str, rules: list[str], where: str) -> None:
        self.blame += [f"{name}: {said}" for said in self.page.evaluate(RUN, [rules, where])]


@pytest.fixture
def walk_of(open_page: OpenPage, address: str, complaints: list[str]) -> Iterator[Callable[[User], Walk]]:
    walks: list[Walk] = []

    def started(person: User, language: str = "ru") -> Walk:
        page = open_page(person, "", reduced_motion="reduce", color_scheme="light")
        page.context.add_cookies([{"name": conf.LANGUAGE_COOKIE_NAME, "value": language, "url": address}])
        walks.append(Walk(page, address))
        return walks[-1]

    yield started
    # The browser notes every answer that is an error; some are looked at here.
    assert [said for said in complaints if "Failed to load resource" not in said] == []
    complaints.clear()
    assert [said for walk in walks for said in walk.blame] == []


def pages_of(person: User) -> list[str]:
    """Every address that answers with a whole page, walked out of the resolver."""
    world, client = make_world(), browser_of(person)
    addresses = [world.address(route) for route in all_routes() if not route.startswith(NOT_OURS)]
    answers = {address: client.get(address, headers=HERE) for address in addresses}
    return [
        address
        for address, answer in answers.items()
        if answer.status_code == 200
        and answer["Content-Type"].startswith("text/html")
        and b"<html" in b"".join(answer)[:2000]
        # The body of a letter stands in a frame of its own, with a policy of its own.
        and not address.endswith(("/body/", "/letter/"))
    ]


@pytest.mark.parametrize("language", ["ru", pytest.param("en", marks=pytest.mark.slow)])
def test_every_page(walk_of: Callable[..., Walk], language: str) -> None:
    desk = make_desk(4, 2)
    paths = pages_of(desk.me)
    walk = walk_of(desk.me, language)

    assert len(paths) > 15
    assert all("unsafe" not in browser_of(desk.me).get(path, headers=HERE)["Content-Security-Policy"] for path in paths)
    for path in paths:
        walk.go(path)
        # Words differ between languages, colours and sizes do not.
        (walk.look if language == "ru" else walk.glance)(path)


def test_the_desk(walk_of: Callable[..., Walk]) -> None:
    desk = make_desk(6, 2)
    walk = walk_of(desk.me)
    page = walk.page

    walk.go("/")
    for menu in ("add-menu", "look-menu", "views-menu", "user-menu"):
        page.locator(f"[popovertarget={menu}]:visible").first.click()
        expect(page.locator(f"#{menu}")).to_be_visible()
        walk.look(menu, f"#{menu}")
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    walk.look("help", "#help")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type("нов")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    # What was found for fewer letters is dimmed until the answer for all of them comes.
    expect(page.locator("#palette .stale")).to_have_count(0)
    walk.look("palette", "#palette")
    page.keyboard.press("Escape")
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator("#preview .dk-phead")).to_be_visible()
    walk.look("chosen rows")
    page.keyboard.press("a")
    expect(page.locator("#bulk-assign")).to_be_visible()
    walk.look("bulk menu", "#bulk")
    for name, path in DESKS.items():
        walk.go(path.format(desk=desk))
        walk.look(name, "#preview" if "preview" in name else "#main")


def test_the_map(walk_of: Callable[..., Walk]) -> None:
    for number, status in enumerate(("new", "inProgress", "naGeneraciiNb")):
        make_incident(pole=make_pole(latitude=58.6, longitude=44 + 5 * number), status=status)
    nowhere = make_incident(pole=make_pole(latitude=0, longitude=0))
    walk = walk_of(make_user())

    walk.go("/map/")
    expect(walk.page.locator(".wm-mark").first).to_be_visible()
    walk.look("map")
    walk.page.locator("#nowhere").click()
    expect(walk.page.locator(f"#line-{nowhere.code}")).to_be_visible()
    walk.look("list of the map", "#side")


def test_the_empty_desk(walk_of: Callable[..., Walk]) -> None:
    walk = walk_of(make_user())
    for path in ("/", "/?queue=mine", "/letters/", "/reminders/", "/towers/", "/letters/cases/", "/mail/"):
        walk.go(path)
        walk.look(f"empty {path}")


def test_the_card(walk_of: Callable[..., Walk]) -> None:
    desk = make_desk(4, 5)
    walk = walk_of(desk.me)
    page = walk.page

    for name in ("short", "closed", "merged", "long"):
        walk.go(getattr(desk, name).get_absolute_url())
        walk.look(f"card {name}")
    _unfold(page)
    walk.look("card unfolded")
    walk.go(desk.long.get_absolute_url())
    for opener in ("[popovertarget=assign-menu]", "[popovertarget=card-menu]", ".dk-more"):
        page.locator(opener).first.click()
        expect(page.locator(":popover-open")).to_be_visible()
        walk.look(f"card {opener}", ":popover-open")
        page.keyboard.press("Escape")
    page.locator("[popovertarget=card-menu]").click()
    page.locator("#card-menu a").first.click()
    expect(page.locator("#move-dialog")).to_be_visible()
    walk.look("merge dialog", "#move-dialog")


def _unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true })")


def test_what_the_server_refuses(walk_of: Callable[..., Walk]) -> None:
    """Words beside the fields, and the pages of errors."""
    walk = walk_of(make_user(Role.OBSERVER))
    walk.go("/incidents/NT-000000/")
    walk.look("404")
    walk.go("/incidents/new/")
    walk.look("403")
    request = RequestFactory().get("/")
    for name in ("400.html", "403_csrf.html", "500.html"):
        body = render_to_string(name, request=request)
        # The handler is given as many arguments as it can take.
        walk.page.route("**/broken", partial(_answer, body))
        walk.go("/broken")
        walk.look(name)
    walk.page.context.clear_cookies()
    walk.go("/sign-in/")
    walk.page.fill("[name=username]", "nobody")
    walk.page.fill("[name=password]", "wrong")
    walk.page.keyboard.press("Enter")
    expect(walk.page.locator("[role=alert]")).to_be_visible()
    walk.look("sign-in refused")


def _answer(body: str, route: Any) -> None:
    route.fulfill(body=body, content_type="text/html")


def test_a_form_with_mistakes(walk_of: Callable[..., Walk]) -> None:
    walk = walk_of(make_user())
    walk.go("/incidents/new/")
    walk.page.fill("#new-site", "нет такого места")
    walk.page.fill("#new-subject", " ")
    walk.page.keyboard.press("Control+Enter")
    expect(walk.page.locator(".dk-hint.err").first).to_be_visible()
    walk.look("new with mistakes")
    assert not Incident.objects.exists()
