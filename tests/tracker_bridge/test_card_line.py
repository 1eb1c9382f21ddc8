"""What a card says of its issue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import services
from incidents.models import IncidentType
from tests.factories import make_user
from tests.security.people import browser_of
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import card_line, field_words, mirrors
from tracker_bridge.models import IssueLink, Mirror
from tracker_bridge.protocol import Exhausted, Refused, Transient
from tracker_bridge.reasons import REASONS

pytestmark = pytest.mark.django_db


def said(bridge: Bridge, incident: object) -> tuple[str, str, str]:
    line = card_line.of(incident)  # type: ignore[arg-type]
    assert line is not None
    return line.key, line.said.look, line.said.why


def test_an_incident_is_being_told_then_mirrored(bridge: Bridge) -> None:
    incident = bridge.open()
    assert said(bridge, incident) == ("", "is-work", "")
    bridge.push()
    assert said(bridge, incident) == (bridge.link(incident).key, "is-done", "")


def test_what_waits_says_why(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.backend.fail("ensure_issue", Transient("503"), times=2)
    bridge.push()
    bridge.wait(minutes=1)
    bridge.push()
    assert said(bridge, incident) == ("", "is-wait", str(REASONS["Transient"].what))
    mirrors.switch(bridge.mirror, on=False, by=None, now=bridge.now)
    look, why = said(bridge, incident)[1:]
    assert (look, str(Mirror.State.OFF.label) in why) == ("is-wait", True)


def test_what_was_not_done_says_why_with_the_trackers_words(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    services.add_comment(incident, "звонок", by=make_user(), at=bridge.now)
    bridge.backend.fail("put_comment", Exhausted("423 <b>Locked</b>"))
    bridge.push()
    assert said(bridge, incident)[1:] == ("is-over", str(REASONS["Exhausted"].what))
    assert 'title="423 &lt;b&gt;Locked&lt;/b&gt;"' in card_line.draw(incident)


def test_a_refused_field_is_named(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.backend.fail("update_fields", Refused("нет такого", field="type"))
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    look, why = said(bridge, incident)[1:]
    assert (look, field_words.name("type") in why) == ("is-risk", True)


def test_a_status_that_the_workflow_refuses_is_named(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    IssueLink.objects.update(refused={"status": incident.status.key})
    look, why = said(bridge, incident)[1:]
    assert (look, incident.status.name in why) == ("is-risk", True)


def test_an_issue_that_is_gone_says_so(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    IssueLink.objects.update(state=IssueLink.State.MISSING)
    assert said(bridge, incident)[1] == "is-risk"


def test_incidents_from_before_the_mirror_have_no_line(bridge: Bridge) -> None:
    incident = services.open_by_hand("Раньше", by=make_user(), at=bridge.now - timedelta(days=9))
    incident.tracker_jobs.all().delete()
    assert card_line.of(incident) is None
    assert card_line.draw(incident) == ""


def test_the_line_looks_again_by_itself_only_while_something_moves(bridge: Bridge) -> None:
    incident = bridge.open()
    desk, address = browser_of(make_user()), reverse("tracker_bridge:card_line", args=[incident.code])
    assert "hx-trigger" in desk.get(address).content.decode()
    bridge.push()
    answer = desk.get(address).content.decode()
    assert "hx-trigger" not in answer
    assert answer.startswith("<dd")
    assert bridge.link(incident).url in answer
