"""A person's switch: what happens on either side while the mirror is off is told when it goes on, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import services
from incidents.models import Incident, IncidentType
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import mirrors, pushing
from tracker_bridge.models import Job, Mirror
from tracker_bridge.protocol import AuthNeeded, Problem, TrackerError, Transient


def test_off_and_on_again_loses_nothing_of_either_side(bridge: Bridge) -> None:
    anna = bridge.person("anna")
    known = bridge.open("До выключения")
    bridge.sync()
    mirrors.switch(bridge.mirror, on=False, by=anna, now=bridge.now)
    bridge.calls()
    bridge.wait(hours=5)
    fresh = bridge.open("Пока выключено")
    services.add_comment(known, "звонок", by=anna, at=bridge.now)
    services.set_type(fresh, IncidentType.objects.get(key="power-rf"), by=anna, at=bridge.now)
    bridge.backend.edit(pushing.ref_of(bridge.link(known)), "anna", type="Авария по питанию РФ")
    assert (bridge.push(), bridge.pull(), bridge.calls()) == (0, 0, {})

    bridge.wait(hours=5)
    mirrors.switch(bridge.mirror, on=True, by=anna, now=bridge.now)
    bridge.sync()
    assert bridge.issue(fresh).fields["type"] == "Авария по питанию РФ"
    assert len(bridge.backend.comments(bridge.issue(known).ref)) == 1
    assert Incident.objects.get(pk=known.pk).type == IncidentType.objects.get(key="power-rf")
    assert not Job.objects.exclude(state=Job.State.DONE).exists()
    assert sum(len(page.issues) for page in bridge.backend.changes("")) == 2


@pytest.mark.parametrize("error", [AuthNeeded("нет"), Transient("нет")])
def test_what_the_tracker_says_does_not_switch_on_what_a_person_switched_off(
    bridge: Bridge, error: TrackerError
) -> None:
    by = make_user()
    stale = bridge.mirror
    mirrors.switch(bridge.mirror, on=False, by=by, now=bridge.now)
    mirrors.stand_still(stale, error, bridge.now)
    mirrors.stand_still(bridge.mirror, error, bridge.now)
    mirrors.note_problems(bridge.mirror, [Problem("queue", "нет очереди", is_fatal=True)], bridge.now)
    mirrors.goes_well(stale, bridge.now)
    assert (bridge.mirror.state, bridge.mirror.stopped_by) == (Mirror.State.OFF, by)
    assert bridge.mirror.problems == [["queue", "нет очереди", True]]


def test_a_switch_stops_a_worker_that_is_at_it(bridge: Bridge) -> None:
    working = bridge.mirror
    mirrors.switch(bridge.mirror, on=False, by=None, now=bridge.now)
    assert not mirrors.may_call(working, bridge.now)


def test_a_pause_that_one_worker_was_told_of_holds_for_all_until_a_person_asks(bridge: Bridge) -> None:
    other = bridge.mirror
    mirrors.stand_still(bridge.mirror, Transient("429", retry_after=timedelta(minutes=20)), bridge.now)
    assert not mirrors.may_call(other, bridge.now + timedelta(minutes=19))
    mirrors.ask_now(bridge.mirror)
    assert mirrors.may_call(other, bridge.now)


def test_switching_twice_keeps_who_did_it_first(bridge: Bridge) -> None:
    anna, boris = make_user(), make_user()
    assert mirrors.switch(bridge.mirror, on=False, by=anna, now=bridge.now)
    assert not mirrors.switch(bridge.mirror, on=False, by=boris, now=bridge.now)
    assert bridge.mirror.stopped_by == anna
    assert mirrors.switch(bridge.mirror, on=True, by=boris, now=bridge.now)
    assert bridge.mirror.stopped_by is None
