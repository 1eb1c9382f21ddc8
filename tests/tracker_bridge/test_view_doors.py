"""Who sees the mirror, and that nothing of it is to be seen without a tracker."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from dispatchers.models import User
from dispatchers.roles import Role
from tests.factories import make_incident, make_user
from tests.security.people import browser_of
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import IssueLink

pytestmark = pytest.mark.django_db

PAGES = ["state", "jobs", "dead", "conflicts"]
DEEDS = ["switch", "check", "ask", "act"]
LOOKS_AND_ACTS = {
    Role.OBSERVER: (403, 403),
    Role.DISPATCHER: (403, 403),
    Role.MANAGER: (200, 403),
    Role.ADMINISTRATOR: (200, 302),
}
ENTRY = 'href="/tracker/"'


@pytest.fixture
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **kwargs: None)


@pytest.mark.parametrize("role", LOOKS_AND_ACTS)
@pytest.mark.usefixtures("_no_broker")
def test_managers_look_and_administrators_act(bridge: Bridge, role: Role) -> None:
    desk = browser_of(make_user(role))
    looks, acts = LOOKS_AND_ACTS[role]
    assert {desk.get(reverse(f"tracker_bridge:{name}")).status_code for name in PAGES} == {looks}
    assert {desk.post(reverse(f"tracker_bridge:{name}")).status_code for name in DEEDS} == {acts}


def test_without_a_tracker_nothing_of_it_is_to_be_seen(settings: Any, django_assert_num_queries: Any) -> None:
    assert settings.TRACKER is None
    incident = make_incident()
    desk = browser_of(make_user(Role.ADMINISTRATOR))
    for name in PAGES:
        assert desk.get(reverse(f"tracker_bridge:{name}")).status_code == 404
    for page in ("/", "/palette/", incident.get_absolute_url()):
        assert "/tracker/" not in desk.get(page).content.decode()
    assert desk.get(reverse("tracker_bridge:card_line", args=[incident.code])).status_code == 404


@pytest.mark.parametrize(("role", "sees"), [(Role.DISPATCHER, False), (Role.MANAGER, True), (Role.ADMINISTRATOR, True)])
def test_rail_palette_and_a_phones_menu_lead_there_whoever_may_look(bridge: Bridge, role: Role, sees: bool) -> None:
    desk = browser_of(make_user(role))
    # Once in the rail, once in the menu of a phone.
    assert desk.get("/").content.decode().count(ENTRY) == (2 if sees else 0)
    found = desk.get("/palette/").content.decode()
    assert (ENTRY in found, reverse("tracker_bridge:conflicts") in found) == (sees, sees)


def _queries(person: User, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    desk = browser_of(person)
    desk.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert desk.get(address).status_code == 200
    return len(asked)


def test_a_card_asks_once_more_with_a_tracker_and_not_at_all_without(bridge: Bridge, settings: Any) -> None:
    person, incident = make_user(), make_incident()
    facts = {"backend": "memory", "incident": incident, "remote_id": "1", "key": "MEM-1", "url": "http://t.example/1"}
    IssueLink.objects.create(**facts, version="1", changed_at=bridge.now, linked_at=bridge.now)
    with_tracker = _queries(person, incident.get_absolute_url())
    settings.TRACKER = None
    assert _queries(person, incident.get_absolute_url()) == with_tracker - 1
