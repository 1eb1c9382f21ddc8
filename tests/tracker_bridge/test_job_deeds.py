"""What an administrator does to jobs, and what it comes to over there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import job_deeds
from tracker_bridge.models import IssueLink, Job
from tracker_bridge.protocol import Exhausted, Refused, Transient

pytestmark = pytest.mark.django_db
State = Job.State


@pytest.fixture
def boss() -> User:
    return make_user(Role.ADMINISTRATOR)


def note(bridge: Bridge, incident: Incident, text: str, error: Exception | None = None) -> Job:
    """A note that was told, or was not because of this."""
    if error:
        bridge.backend.fail("put_comment", error)
    comment = services.add_comment(incident, text, by=make_user(), at=bridge.now)
    bridge.push()
    return Job.objects.get(comment=comment)


def told(bridge: Bridge, incident: Incident, text: str) -> int:
    return sum(text in each.text for each in bridge.backend.comments(bridge.issue(incident).ref))


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    found = bridge.open()
    bridge.push()
    return found


def test_what_was_not_done_is_tried_again_and_told_once(bridge: Bridge, incident: Incident, boss: User) -> None:
    job = note(bridge, incident, "звонок", Refused("422"))
    assert job.state == State.DEAD
    assert job_deeds.many(job_deeds.again, "memory", [job.pk], by=boss, now=bridge.now) == job_deeds.Done(1, 0)
    bridge.push()
    job.refresh_from_db()
    assert (job.state, told(bridge, incident, "звонок")) == (State.DONE, 1)


def test_what_waits_for_its_next_attempt_is_tried_now(bridge: Bridge, incident: Incident, boss: User) -> None:
    job = note(bridge, incident, "звонок", Transient("503"))
    assert (job.state, bridge.push()) == (State.WAITING, 0)
    job_deeds.many(job_deeds.again, "memory", [job.pk], by=boss, now=bridge.now)
    bridge.push()
    assert told(bridge, incident, "звонок") == 1


def test_a_skipped_one_is_never_told_and_those_behind_it_go_on(bridge: Bridge, incident: Incident, boss: User) -> None:
    first = note(bridge, incident, "первое", Transient("503"))
    services.add_comment(incident, "второе", by=boss, at=bridge.now)
    job_deeds.many(job_deeds.skip, "memory", [first.pk], by=boss, now=bridge.now)
    bridge.wait(hours=1)
    bridge.sync()
    first.refresh_from_db()
    assert (first.state, first.settled_by) == (State.SKIPPED, boss)
    assert [told(bridge, incident, text) for text in ("первое", "второе")] == [0, 1]


@pytest.mark.parametrize("deed", [job_deeds.again, job_deeds.skip, job_deeds.go_on_elsewhere])
def test_what_a_worker_has_or_has_done_is_refused(
    bridge: Bridge, incident: Incident, boss: User, deed: job_deeds.Deed
) -> None:
    done = note(bridge, incident, "звонок")
    busy = note(bridge, incident, "второй", Transient("503"))
    Job.objects.filter(pk=busy.pk).update(leased_until=bridge.now + timedelta(minutes=1))
    gone = 10**12
    assert job_deeds.many(deed, "memory", [done.pk, busy.pk, gone], by=boss, now=bridge.now) == job_deeds.Done(0, 3)
    assert [Job.objects.get(pk=job.pk).state for job in (done, busy)] == [State.DONE, State.WAITING]


def test_what_a_dead_worker_had_may_be_taken(bridge: Bridge, incident: Incident, boss: User) -> None:
    job = note(bridge, incident, "второй", Transient("503"))
    Job.objects.filter(pk=job.pk).update(leased_until=bridge.now - timedelta(seconds=1))
    assert job_deeds.many(job_deeds.skip, "memory", [job.pk], by=boss, now=bridge.now).number == 1


def test_a_full_issue_is_left_and_all_that_it_did_not_take_is_told_in_a_new_one(
    bridge: Bridge, incident: Incident, boss: User
) -> None:
    old = bridge.link(incident)
    refused = note(bridge, incident, "третье", Refused("422"))
    first = note(bridge, incident, "первое", Exhausted("423"))
    second = note(bridge, incident, "второе")
    assert second.error == "Exhausted"
    # Both are chosen: the first deed sees to the second.
    done = job_deeds.many(job_deeds.go_on_elsewhere, "memory", [first.pk, second.pk], by=boss, now=bridge.now)
    assert done.number >= 1
    bridge.wait(minutes=1)
    bridge.sync()
    assert bridge.link(incident).pk != old.pk
    assert IssueLink.objects.get(pk=old.pk).is_left_behind
    assert [told(bridge, incident, text) for text in ("первое", "второе", "третье")] == [1, 1, 0]
    refused.refresh_from_db()
    assert refused.state == State.DEAD


def test_only_what_a_new_issue_helps_goes_on_elsewhere(bridge: Bridge, incident: Incident, boss: User) -> None:
    job = note(bridge, incident, "звонок", Refused("422"))
    assert job_deeds.many(job_deeds.go_on_elsewhere, "memory", [job.pk], by=boss, now=bridge.now).number == 0
    assert not bridge.link(incident).is_left_behind


def test_no_more_than_so_many_at_once(
    bridge: Bridge, incident: Incident, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_deeds, "MOST_AT_ONCE", 2)
    keys = [note(bridge, incident, f"№{n}", Refused("422")).pk for n in range(3)]
    assert job_deeds.many(job_deeds.skip, "memory", keys, by=boss, now=bridge.now).number == 2
    assert Job.objects.get(pk=keys[2]).state == State.DEAD
