"""Deadlines that come near or are over are said once each, to whoever has to know; what was missed is said later."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import promises, services
from incidents.models import Incident, IncidentEvent, Status
from mailbox.models import Receipt
from sla import recomputing, telling, warnings
from sla.models import DeadlineWarning, IncidentClock, PolicyVersion, Told
from tests.factories import NOW, make_email, make_incident, make_user

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BEFORE = NOW - timedelta(days=30)


@pytest.fixture(autouse=True)
def _rules() -> None:
    rules(incident={"warn": [60, 15], "escalate": 30})


def rules(**clocks: dict[str, Any]) -> None:
    """Rules of four hours for these clocks, from now on the newest."""
    newest = PolicyVersion.objects.order_by("number").last()
    assert newest is not None
    lines = [
        {"clock": clock, "minutes": 240, "calendar": "", "match": {}, "pauses": [], **more}
        for clock, more in clocks.items()
    ]
    document = newest.document | {"rules": lines}
    PolicyVersion.objects.create(number=newest.number + 1, document=document, at=BEFORE)


def running(**over: Any) -> Incident:
    """An incident whose clock ends four hours after its opening."""
    over.setdefault("assignee", make_user())
    incident = make_incident(status="inProgress", first_action_at=NOW, **over)
    follow(incident)
    return incident


def follow(incident: Incident, now: datetime = NOW) -> None:
    recomputing.recompute(recomputing.load([incident.pk]), now)


def find(now: datetime, since: datetime = BEFORE) -> list[tuple[str, int]]:
    """What is said at this moment: kind and step."""
    before = set(DeadlineWarning.objects.values_list("pk", flat=True))
    number = warnings.find(now, since=since)
    new = DeadlineWarning.objects.exclude(pk__in=before).order_by("pk")
    assert len(new) == number
    return [(each.kind, each.step) for each in new]


def told(person: User, channel: str = "desk") -> int:
    return Told.objects.filter(person=person, channel=channel).count()


def test_each_step_is_said_once_when_it_comes():
    running()

    assert find(NOW + 2 * HOUR) == []
    assert find(NOW + 3 * HOUR) == [("near", 60)]
    assert find(NOW + 3 * HOUR + MINUTE) == []
    assert find(NOW + 3 * HOUR + 45 * MINUTE) == [("near", 15)]
    assert find(NOW + 4 * HOUR) == [("breach", 0)]
    assert find(NOW + 4 * HOUR + 30 * MINUTE) == [("breach", -30)]
    assert find(NOW + 40 * HOUR) == []


def test_what_was_missed_is_said_once_as_the_last_of_it():
    incident = running()
    boss = make_user(Role.MANAGER)

    assert find(NOW + 10 * HOUR) == [("breach", -30)]

    said = DeadlineWarning.objects.get()
    assert (said.is_escalated, said.at - said.planned_at) == (True, 5.5 * HOUR)
    assert (told(incident.assignee), told(boss)) == (1, 1)
    assert find(NOW + 11 * HOUR) == []


def test_managers_are_told_of_what_whoever_has_it_knows_already():
    incident, boss = running(), make_user(Role.MANAGER)

    find(NOW + 4 * HOUR)
    assert (told(incident.assignee), told(boss)) == (1, 0)

    find(NOW + 4 * HOUR + 30 * MINUTE)
    assert (told(incident.assignee), told(boss)) == (1, 1)


def test_a_deadline_that_moved_earlier_past_several_steps_is_warned_of_by_the_nearest():
    incident = running()

    IncidentClock.objects.filter(incident=incident).update(due_at=NOW + 10 * MINUTE)

    assert find(NOW) == [("near", 15)]


def test_a_deadline_that_moved_later_and_comes_near_again_warns_again():
    incident = running()
    assert find(NOW + 3 * HOUR) == [("near", 60)]

    IncidentClock.objects.filter(incident=incident).update(due_at=NOW + 8 * HOUR)

    assert find(NOW + 3 * HOUR + MINUTE) == []
    assert find(NOW + 7 * HOUR) == [("near", 60)]


def test_what_is_over_is_no_news_when_its_deadline_moves_within_the_past():
    incident = running()
    assert find(NOW + 5 * HOUR) == [("breach", -30)]

    IncidentClock.objects.filter(incident=incident).update(due_at=NOW + 2 * HOUR)

    assert find(NOW + 5 * HOUR + MINUTE) == []


def test_a_clock_that_stands_still_does_not_warn():
    running()
    IncidentClock.objects.update(state="paused", due_at=None, left=HOUR)

    assert find(NOW + 9 * HOUR) == []


def test_closed_and_merged_incidents_do_not_warn():
    me = make_user()
    closed, merged = running(assignee=me), running(assignee=me)
    services.change_status(closed, Status.objects.get(key="closed"), by=me, at=NOW + HOUR)
    Incident.objects.filter(pk=merged.pk).update(merged_into=closed)

    assert find(NOW + 5 * HOUR) == []


def test_what_was_over_before_anybody_promised_to_tell_is_not_told():
    running()

    assert find(NOW + 5 * HOUR, since=NOW + 4.9 * HOUR) == []
    assert find(NOW + 5 * HOUR, since=NOW + 4.4 * HOUR) == [("breach", -30)]


def test_a_clock_of_the_machine_that_jumps_says_nothing_twice():
    running()
    assert find(NOW + 4 * HOUR) == [("breach", 0)]

    assert find(NOW - 9 * HOUR) == []
    assert find(NOW + 3 * HOUR) == []
    assert find(NOW + 4 * HOUR + MINUTE) == []


def test_the_newest_rules_say_when():
    incident = running()
    rules(incident={"warn": [200]})
    assert find(NOW + HOUR) == []  # until it is brought up to them

    follow(incident, NOW + HOUR)

    assert find(NOW + HOUR) == [("near", 200)]
    assert find(NOW + 9 * HOUR) == [("breach", 0)]
    assert not DeadlineWarning.objects.filter(is_escalated=True).exists()


def test_an_incident_that_somebody_changes_is_left_for_the_next_tick(monkeypatch):
    running()
    monkeypatch.setattr(warnings, "_locked", lambda keys: [])
    assert find(NOW + 4 * HOUR) == []
    monkeypatch.undo()

    assert find(NOW + 4 * HOUR) == [("breach", 0)]


def test_open_pages_hear_of_a_warning():
    incident = running()

    find(NOW + 3 * HOUR)

    event = IncidentEvent.objects.get(incident=incident, kind="warned")
    assert event.data == {"warning": DeadlineWarning.objects.get().pk}


def test_an_incident_that_nobody_has_is_told_to_the_shift_once_each_time(settings):
    settings.UNASSIGNED_WARN_MINUTES = 15
    me, other = make_user(), make_user(on_shift=False)
    incident = make_incident(status="inProgress", first_action_at=NOW)

    assert find(NOW + 14 * MINUTE) == []
    assert find(NOW + 15 * MINUTE) == [("nobody", 0)]
    assert find(NOW + 30 * MINUTE) == []
    assert (told(me), told(other)) == (1, 0)

    incident = services.assign(incident, to=me, by=me, at=NOW + HOUR)
    services.assign(incident, to=None, by=me, at=NOW + 2 * HOUR)
    assert find(NOW + 2 * HOUR + 14 * MINUTE) == []
    assert ("nobody", 0) in find(NOW + 2 * HOUR + 15 * MINUTE)


def test_of_a_new_incident_the_clock_of_the_first_deed_speaks_alone():
    rules(first_action={"minutes": 10})
    incident = make_incident()
    follow(incident)

    assert find(NOW + HOUR) == [("breach", 0)]


def test_a_promise_that_was_missed_is_a_warning():
    me = make_user()
    incident = running(assignee=me)
    promises.promise(incident, giver="contractor", text="выедем", due_at=NOW + HOUR, by=me, at=NOW)

    promises.note_missed(NOW + HOUR + MINUTE)
    promises.note_missed(NOW + HOUR + 2 * MINUTE)

    said = DeadlineWarning.objects.get()
    assert (said.kind, said.due_at, said.at, told(me)) == ("promise", NOW + HOUR, NOW + HOUR + MINUTE, 1)


def test_a_tick_that_dies_half_way_says_nothing_twice_and_forgets_nothing(monkeypatch):
    """Incidents are warned of in parts; each part is all or nothing."""
    me = make_user()
    for _number in range(5):
        running(assignee=me)
    monkeypatch.setattr(warnings, "TOGETHER", 2)
    tell, calls = telling.tell, []

    def tell_and_die(*args: Any, **more: Any) -> int:
        calls.append(args)
        if len(calls) == 2:
            raise OSError("killed")
        return tell(*args, **more)

    monkeypatch.setattr(telling, "tell", tell_and_die)
    with pytest.raises(OSError, match="killed"):
        find(NOW + 3 * HOUR)
    assert (DeadlineWarning.objects.count(), told(me)) == (2, 2)

    assert len(find(NOW + 3 * HOUR)) == 3
    assert told(me) == 5


def test_letters_of_a_mailbox_connected_late_alarm_nobody():
    old, new = running(opened_at=NOW), running(opened_at=NOW)
    for incident, is_old in ((old, True), (new, False)):
        email = make_email()
        incident.letters.create(email=email, way="opened", thread=email.pk)
        facts = {"sha256": email.sha256, "size": 1, "direction": "in", "state": "opened", "received_at": NOW}
        receipt = Receipt.objects.create(email=email, is_old=is_old, **facts)
        Receipt.objects.filter(pk=receipt.pk).update(stored_at=NOW + 20 * HOUR)

    assert len(find(NOW + 21 * HOUR)) == 1
    assert DeadlineWarning.objects.get().incident == new


def test_looking_for_warnings_costs_the_same_for_five_and_for_fifty():
    me = make_user()
    running(assignee=me)
    find(NOW + 3 * HOUR)  # reads the rules

    assert cost(me, 5) == cost(me, 50)


def cost(person: User, number: int) -> int:
    """Queries for so many warnings."""
    for _number in range(number):
        running(assignee=person)
    with CaptureQueriesContext(connection) as queries:
        assert warnings.find(NOW + 3 * HOUR, since=BEFORE) == number
    return len(queries)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_ticks_at_the_same_moment_say_everything_once():
    me = make_user()
    for _number in range(40):
        running(assignee=me)
    both = threading.Barrier(2)

    def tick() -> int:
        try:
            both.wait()
            return warnings.find(NOW + 3 * HOUR, since=BEFORE)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sum(future.result() for future in [pool.submit(tick) for _n in range(2)])
    said += warnings.find(NOW + 3 * HOUR, since=BEFORE)

    assert (said, DeadlineWarning.objects.count(), told(me)) == (40, 40, 40)
