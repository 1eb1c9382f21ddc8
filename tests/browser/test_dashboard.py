"""The dashboard in a real browser: its period, its numbers' lists, what is downloaded, and staying where one was."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dispatchers.roles import Role
from tests.factories import make_user
from tests.sla.dashboard_story import Story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_a_manager_changes_the_period_follows_a_number_and_downloads(open_page: Callable[..., Any]) -> None:
    Story(30)
    page = open_page(make_user(role=Role.MANAGER), "/sla/")
    # Chart.js has drawn over the lines of the server.
    page.wait_for_selector("#course canvas")

    page.click(".db-join a:nth-child(3)")
    page.wait_for_url("**p=month")
    # The figures come anew, and the reader stays on the number he was at, with the table open that he had opened.
    page.click("#course-numbers > summary")
    page.focus("#tile-arrived a.v")
    before = page.inner_text("#tile-arrived a.v")
    with page.expect_response(re.compile("part=figures")):
        page.evaluate("htmx.ajax('GET', location.pathname + location.search + '&part=figures', '#figures')")
    page.wait_for_selector("#course canvas")
    assert page.evaluate("document.activeElement.closest('section').id") == "tile-arrived"
    assert page.get_attribute("#course-numbers", "open") is not None

    page.focus(".db-heat a:not([tabindex])")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.matches('.db-heat a')")

    page.click("[popovertarget=db-export]")
    with page.expect_download() as download:
        page.click("#db-export a >> nth=0")
    assert download.value.suggested_filename.endswith(".xlsx")
    page.keyboard.press("Escape")

    page.click("#tile-arrived a.v")
    page.wait_for_url(re.compile(r"/\?queue=all"))
    assert page.locator("#rows tr[data-code]").count() == int(before)
