"""Connecting the mirror in a real browser: over to the page of consent and back, under the rules of our own pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from demo.tracker import Tracker
from dispatchers.roles import Role
from tests.factories import make_user
from tests.tracker_bridge.conftest import MEMORY
from tracker_bridge.models import Credentials

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
HERO = ".tr-hero"


@pytest.fixture
def server(settings: Any) -> Iterator[Tracker]:
    with Tracker(env={}) as running:
        oauth = {"oauth_url": f"{running.url}/oauth", "client_id": "demo-client", "client_secret": "demo-secret"}
        queue = {"queue": running.store.queue, "organisation": "1234567", "url": running.url, "pages": running.url}
        settings.TRACKER = replace(MEMORY, backend="yandex", **oauth, **queue)
        yield running


def test_consent_is_given_over_there_and_the_mirror_is_connected(open_page: OpenPage, server: Tracker) -> None:
    page = open_page(make_user(Role.ADMINISTRATOR), "/tracker/connect/")
    expect(page.locator(HERO)).to_have_class("dk-box tr-hero is-over")
    page.locator("#consent").click()
    page.get_by_role("button", name="Разрешить").click()
    page.wait_for_url("**/tracker/connect/")
    expect(page.locator(HERO)).to_contain_text(server.store.robot.login)
    expect(page.locator(".tc-trial .is-done")).to_have_count(4)
    # The code is not left in the address, where it could be copied.
    assert page.url.endswith("/tracker/connect/")

    with page.expect_popup() as opened:
        page.locator("#show-code").click()
    opened.value.get_by_role("button", name="Разрешить").click()
    shown = opened.value.locator("output").inner_text()
    before = Credentials.objects.get().access
    page.locator("#id_code").fill(shown)
    page.locator("#use-code").click()
    expect(page.locator(".tc-trial .is-done")).to_have_count(4)
    assert Credentials.objects.get().access != before
