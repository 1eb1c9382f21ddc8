"""A warning comes to an open desk: a message, a number in the rail and in the title; the incident is one click away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import events
from sla import telling
from sla.models import DeadlineWarning
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


def test_a_warning_comes_to_an_open_desk_and_a_click_leads_to_the_incident(open_page: OpenPage) -> None:
    me = make_user()
    incident = make_incident(assignee=me)
    desk = open_page(me)
    expect(desk.locator("#link.is-up")).to_be_visible()
    expect(desk.locator("#warnings-mark [data-unread]")).to_have_attribute("data-unread", "0")
    desk.locator("h1").click()  # browsers are silent until the page was touched
    expect(desk.locator("#sound-on")).to_be_hidden()
    row = desk.locator(f"#rows > [data-code={incident.code}]")
    place = row.bounding_box()

    now = datetime.now(UTC)
    facts = {"kind": "breach", "clock": "incident", "due_at": now, "planned_at": now - timedelta(minutes=9), "at": now}
    warning = DeadlineWarning.objects.create(incident=incident, **facts)
    telling.tell([warning], now)
    events.record(incident, "warned", actor=None, at=now, warning=warning.pk)

    message = desk.locator("#toasts [data-told]")
    expect(message).to_contain_text(incident.code.split("-")[1])
    expect(desk.locator("#warnings-mark .dot")).to_have_text("1")
    expect(desk).to_have_title(re.compile(r"^\(1\) "))
    expect(desk.locator("html")).to_have_attribute("data-sounded", "1")
    assert row.bounding_box() == place

    message.locator("a").click()
    expect(desk).to_have_url(re.compile(f"/incidents/{incident.code}/$"))
    # What lies before its person is seen.
    expect(desk.locator("#warnings-mark [data-unread]")).to_have_attribute("data-unread", "0")
    expect(desk).not_to_have_title(re.compile(r"^\(1\) "))
    assert telling.unread(me).count() == 0
