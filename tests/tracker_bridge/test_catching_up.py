"""Switched off by the settings and on again, without loss."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from incidents import services
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import catching_up
from tracker_bridge.models import Job


class Off:
    """No tracker in the settings: nothing is noted."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def __enter__(self) -> None:
        self.kept = self.settings.TRACKER, self.settings.INCIDENT_REACTIONS
        self.settings.TRACKER = None
        self.settings.INCIDENT_REACTIONS = {key: each for key, each in self.kept[1].items() if key != "*"}

    def __exit__(self, *error: object) -> None:
        self.settings.TRACKER, self.settings.INCIDENT_REACTIONS = self.kept


def test_what_happened_while_the_settings_named_no_tracker_is_told_later(bridge: Bridge, settings: Any) -> None:
    old = bridge.open("Старый")
    bridge.sync()
    with Off(settings):
        bridge.wait(hours=3)
        services.add_comment(old, "Позвонили", by=make_user(), at=bridge.now)
        fresh = bridge.open("Новый")
        bridge.backend.edit(bridge.issue(old).ref, "anna", type="Авария ВОЛС")
    assert not Job.objects.filter(state=Job.State.WAITING).exists()
    bridge.wait(hours=3)
    assert catching_up.catch_up(bridge.mirror, bridge.now) >= 2
    bridge.sync()
    assert bridge.issue(fresh).fields["summary"].endswith("Новый")
    assert [comment.text for comment in bridge.backend.comments(bridge.issue(old).ref) if "Позвонили" in comment.text]
    old.refresh_from_db()
    assert old.type is not None
    assert old.type.name_ru == "Авария ВОЛС"


def test_catching_up_tells_nothing_twice(bridge: Bridge) -> None:
    incident = bridge.open("Один")
    services.add_comment(incident, "Заметка", by=make_user(), at=bridge.now)
    bridge.sync()
    version, said = bridge.issue(incident).version, len(bridge.backend.comments(bridge.issue(incident).ref))
    bridge.wait(hours=3)
    assert catching_up.catch_up(bridge.mirror, bridge.now) > 0
    bridge.sync()
    assert bridge.issue(incident).version == version
    assert len(bridge.backend.comments(bridge.issue(incident).ref)) == said


def test_a_mirror_that_runs_catches_up_with_nothing(bridge: Bridge) -> None:
    bridge.open("Один")
    bridge.sync()
    assert catching_up.catch_up(bridge.mirror, bridge.now + timedelta(minutes=1)) == 0


def test_each_process_looks_once(bridge: Bridge) -> None:
    bridge.open("Один")
    bridge.sync()
    catching_up._looked.clear()
    bridge.wait(hours=3)
    assert catching_up.once(bridge.mirror, bridge.now) > 0
    assert catching_up.once(bridge.mirror, bridge.now) == 0
    catching_up._looked.clear()
