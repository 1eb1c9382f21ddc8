"""A real server and a real Chromium. Tests that need them are skipped, and counted, where no browser is found."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from dispatchers.models import User

# The shell without windows needs half the time of the whole browser.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-gpu-rasterization",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, where Django would not let a test ask the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def address(transactional_db: None, settings: Any) -> Iterator[str]:
    """The application under uvicorn in a thread, pages and events, on the test's database."""
    import uvicorn
    from django.core.asgi import get_asgi_application

    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(get_asgi_application(), log_level="warning", lifespan="off"))
        server.config.timeout_graceful_shutdown = 1
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(10)
    connections["default"].close_pool()


def is_complaint(said: Any) -> bool:
    """An error, except htmx's word that a request ended because its page was left."""
    return said.type == "error" and not said.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))


@pytest.fixture
def complaints() -> list[str]:
    """What browsers said against the pages of this test; a test that breaks something on purpose clears it."""
    return []


@pytest.fixture
def open_page(chromium: Any, address: str, complaints: list[str]) -> Iterator[Callable[..., Any]]:
    """`open_page(user, "/")`: a page of a signed-in person in a browser profile of its own; of nobody for None.

    An empty path leaves the page empty.
    The test fails when the browser complained about a page.
    """
    contexts: list[Any] = []

    def opened(user: User | None, path: str = "/", width: int = 1440, height: int = 900, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="ru-RU", **options)
        contexts.append(context)
        if user:
            client, name = Client(), settings.SESSION_COOKIE_NAME
            client.force_login(user)
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        if path:
            page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
