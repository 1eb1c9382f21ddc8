"""The mirror's pages in a real browser: what was not told is seen, understood and told; off and on again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dispatchers.roles import Role
from incidents import services
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.conftest import bridge as bridge  # a fixture of its neighbours
from tests.tracker_bridge.listed import make_conflict
from tracker_bridge.models import Job, Mirror
from tracker_bridge.protocol import Refused

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **kwargs: None)


def now_is(bridge: Bridge) -> None:
    bridge.now = bridge.backend.now = timezone.now()


def test_what_was_not_told_is_understood_and_told_then_the_mirror_is_switched_off_and_on(
    open_page: OpenPage, bridge: Bridge
) -> None:
    now_is(bridge)
    Mirror.objects.update(since=bridge.now, read_at=bridge.now)
    incident = bridge.open()
    bridge.push()
    bridge.backend.fail("put_comment", Refused("422 комментарий не принят"))
    note = services.add_comment(incident, "Едут", by=make_user(), at=bridge.now)
    bridge.push()
    make_conflict(bridge.link(incident), winner="tracker", theirs="Как у них")

    page = open_page(make_user(Role.ADMINISTRATOR), "/tracker/")
    page.locator(".tr-tile[href='/tracker/dead/']").click()
    job = Job.objects.get(comment=note)
    row = page.locator(f"#job-{job.pk}")
    expect(row).to_contain_text("Едут")
    expect(row.locator(".tr-raw")).to_have_text("422 комментарий не принят")
    expect(row.locator(".tr-why b")).not_to_be_empty()
    row.locator("[value^='again:']").click()
    expect(page.locator(".dk-empty .i")).to_be_visible()
    page.locator(".lg-tabs a[href='/tracker/jobs/']").click()
    expect(row).to_be_visible()
    now_is(bridge)
    assert bridge.push() == 1
    page.locator(".lg-fates a[href*='state=done']").click()
    expect(row).to_have_class("lo-row tr-job is-done")

    page.locator(".lg-tabs a[href='/tracker/conflicts/']").click()
    expect(page.locator(".tr-side.is-kept")).to_contain_text("Как у них")

    page.locator(".lg-tabs a[href='/tracker/']").click()
    page.locator("#switch-off").click()
    expect(page.locator("#switch-on")).to_be_visible()
    assert Mirror.objects.get().state == Mirror.State.OFF
    services.add_comment(incident, "Приехали", by=make_user(), at=timezone.now())
    # What its clock does every five seconds.
    page.evaluate("htmx.ajax('GET', '/tracker/', {target: '#tracker-state', swap: 'outerHTML'})")
    expect(page.locator(".tr-tile[href='/tracker/jobs/'] .v")).not_to_have_text("0")
    page.locator("#switch-on").click()
    expect(page.locator("#switch-off")).to_be_visible()
    assert Mirror.objects.get().state == Mirror.State.RUNNING
