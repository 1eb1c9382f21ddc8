"""What a page weighs on the wire, with the static files of production: hashed, compressed, kept by the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from playwright.sync_api import expect

from incidents import drawing
from tests.browser.busy_desk import make_desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

FIRST, LATER = 200_000, 40_000
# What is fetched ahead for the next page counts too.
ALL_IS_HERE = """() => {
  const came = new Set(performance.getEntriesByType("resource").map((each) => each.name));
  return document.readyState === "complete" && document.fonts.status === "loaded"
    && Array.from(document.querySelectorAll("link[rel=prefetch]")).every((link) => came.has(link.href));
}"""


class Gateway(GZipMiddleware):
    """Compresses pages as gateway/nginx.conf does, and leaves the stream of events alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("static")


@pytest.fixture(autouse=True)
def _as_in_production(settings: Any, collected: Path) -> Iterator[None]:
    settings.INCIDENT_REACTIONS = {}
    settings.MIDDLEWARE = [f"{__name__}.Gateway", *settings.MIDDLEWARE]
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = collected, False
    # Ours only: the administration's and Swagger's are never on these pages.
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    backend = {"BACKEND": "config.static_storage.StaticStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": backend}
    if not any(collected.iterdir()):
        call_command("collectstatic", interactive=False, verbosity=0)
    _forget_addresses()
    yield
    _forget_addresses()


def _forget_addresses() -> None:
    """Drawn marks are kept, and with them the address of the icons."""
    for each in vars(drawing).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


class Scales:
    """Sums what comes over the wire into one browser page, headers too."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.came: dict[str, float] = {}
        self.names: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", lambda e: self.names.update({e["requestId"]: e["response"]["url"]}))
        session.on("Network.loadingFinished", lambda e: self.came.update({e["requestId"]: e["encodedDataLength"]}))

    def weigh(self, path: str) -> float:
        # Nothing that the page before has asked for comes in any more.
        self.page.goto("about:blank")
        self.came.clear()
        self.page.goto(self.address + path)
        self.page.wait_for_function(ALL_IS_HERE)
        alarm = self.page.locator("#mail-alarm")
        if alarm.count():
            expect(alarm).to_have_attribute("hx-trigger", "every 30s")
        return sum(self.came.values())

    def heaviest(self) -> list[tuple[int, str]]:
        pairs = ((int(size), self.names.get(each, "?").split("/", 3)[-1]) for each, size in self.came.items())
        return sorted(pairs, reverse=True)[:40]


@pytest.fixture
def scales(open_page: Callable[..., Any], address: str) -> Callable[..., Scales]:
    return lambda person: Scales(open_page(person, ""), address)


def test_the_first_page_of_a_day_is_light(scales: Callable[..., Scales]) -> None:
    desk = make_desk(50, 20)
    for path in ("/", desk.long.get_absolute_url()):
        scale = scales(desk.me)

        weight = scale.weigh(path)

        print(f"{path}: {weight / 1000:.1f} KB")
        assert 30_000 < weight < FIRST, (path, weight, scale.heaviest())


def test_every_later_page_brings_little_more_than_its_words(scales: Callable[..., Scales]) -> None:
    desk = make_desk(50, 20)
    scale = scales(desk.me)
    scale.weigh("/")
    # Brings the library of its chart, once.
    scale.weigh("/sla/")

    for path in (
        "/?sort=due",
        desk.long.get_absolute_url(),
        desk.rows[2].get_absolute_url(),
        "/letters/",
        "/letters/balance/",
        "/sla/?p=month",
        "/towers/",
        f"/towers/{desk.rows[0].pole.code}/",
        "/mail/",
        "/reminders/",
        "/incidents/new/",
    ):
        weight = scale.weigh(path)
        print(f"{path}: {weight / 1000:.1f} KB")
        assert 0 < weight < LATER, (path, weight, scale.heaviest())
