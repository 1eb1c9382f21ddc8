"""A person switches the mirror off on its page, and on again: nothing is lost meanwhile, on either side."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client

from incidents import services
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.test_sync_tracker import run
from tracker_bridge.models import Job


@pytest.fixture
def page(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An administrator; whatever the page asks of the worker is done by the test."""
    monkeypatch.setattr("celery.app.task.Task.delay", lambda *given, **named: None)
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *given, **named: None)
    client = Client()
    client.force_login(make_user(role="administrator"))
    return client


def test_what_happens_while_it_is_off_is_told_when_it_is_on_again(bridge: Bridge, page: Client, settings: Any) -> None:
    known = bridge.open("Старый")
    bridge.sync()
    page.post("/tracker/switch/", {"on": "0"})
    assert bridge.mirror.state == "off"
    bridge.calls()
    bridge.wait(minutes=30)
    services.add_comment(known, "Позвонили", by=make_user(), at=bridge.now)
    fresh = bridge.open("Новый")
    by_hand = bridge.backend.create("anna", "Заведена руками")
    bridge.backend.edit(bridge.issue(known).ref, "anna", type="Авария ВОЛС")
    bridge.calls()
    assert bridge.push() == bridge.pull() == 0
    assert not bridge.calls()
    assert Job.objects.filter(state=Job.State.WAITING).count() >= 2
    with pytest.raises(CommandError, match="switched off"):
        run("--import")
    page.post("/tracker/switch/", {"on": "1"})
    assert bridge.mirror.state == "running"
    bridge.sync()
    assert bridge.issue(fresh).fields["summary"].endswith("Новый")
    assert any("Позвонили" in each.text for each in bridge.backend.comments(bridge.issue(known).ref))
    known.refresh_from_db()
    assert known.type is not None
    assert known.type.name_ru == "Авария ВОЛС"
    adopted = bridge.backend.get_issue(by_hand.ref).fields["summary"]
    assert adopted.endswith("Заведена руками")
    assert adopted != "Заведена руками"
    assert not Job.objects.filter(state__in=(Job.State.WAITING, Job.State.DEAD)).exists()
