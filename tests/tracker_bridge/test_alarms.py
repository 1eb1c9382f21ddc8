"""What those who keep Dispatch running are told of the mirror: once, in words that help, and that it goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.models import Incident
from mailbox.models import Notice
from tests.factories import NOW, make_incident, make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import alarms, credentials, mirrors, tasks
from tracker_bridge.models import Alarm, Credentials, IssueLink, Job, Mirror
from tracker_bridge.oauth import Pair
from tracker_bridge.protocol import AuthNeeded, Misconfigured, Problem, TrackerError, Transient

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _told(settings: Any) -> None:
    settings.TG_TOKEN, settings.TG_CHATS, settings.ALERT_EMAILS = "1:x", ["7"], []
    settings.DESK_URL = "https://desk.towers.example"


def look(bridge: Bridge, now: datetime) -> list[str]:
    """What is written by a look at this moment; the mirror's own clock has just read changes."""
    before = set(Notice.objects.values_list("pk", flat=True))
    alarms.check(bridge.mirror, now)
    return list(Notice.objects.exclude(pk__in=before).order_by("pk").values_list("title", flat=True))


def reads(bridge: Bridge, now: datetime) -> None:
    Mirror.objects.update(read_at=now)


def make_dead(incident: Incident) -> Job:
    facts = {"kind": Job.Kind.STATE, "state": Job.State.DEAD, "made_at": NOW, "not_before": NOW}
    return Job.objects.create(backend="memory", incident=incident, ended_at=NOW, **facts)


@pytest.mark.parametrize(
    ("error", "minutes"), [(AuthNeeded("401"), 2), (Misconfigured("нет очереди"), 2), (Transient("timeout"), 15)]
)
def test_a_mirror_that_stands_still_is_told_once_and_that_it_goes_on(
    bridge: Bridge, error: TrackerError, minutes: int
) -> None:
    mirrors.stand_still(bridge.mirror, error, NOW)
    assert look(bridge, NOW + (minutes - 0.5) * MINUTE) == []
    assert len(look(bridge, NOW + minutes * MINUTE)) == 1
    assert str(error) in Notice.objects.get().text
    assert "https://desk.towers.example/tracker/" in Notice.objects.get().text
    assert look(bridge, NOW + DAY) == []

    mirrors.goes_well(bridge.mirror, NOW + DAY)
    reads(bridge, NOW + DAY)
    assert len(look(bridge, NOW + DAY)) == 1
    assert Notice.objects.latest("pk").is_good
    assert look(bridge, NOW + DAY + MINUTE) == []


def test_a_mirror_that_a_person_switched_off_is_no_alarm_and_calms_nobody(bridge: Bridge) -> None:
    mirrors.stand_still(bridge.mirror, AuthNeeded("401"), NOW)
    assert len(look(bridge, NOW + 5 * MINUTE)) == 1
    mirrors.switch(bridge.mirror, on=False, by=make_user(), now=NOW + 6 * MINUTE)
    assert look(bridge, NOW + 7 * MINUTE) == []
    assert look(bridge, NOW + DAY) == []
    assert not Alarm.objects.filter(until=None).exists()


def test_changes_that_nobody_could_read_for_long_are_told_though_nothing_is_written(bridge: Bridge) -> None:
    reads(bridge, NOW)
    assert look(bridge, NOW + 14 * MINUTE) == []
    assert len(look(bridge, NOW + 15 * MINUTE)) == 1


def test_what_the_check_found_missing_is_told_though_some_of_it_works(bridge: Bridge) -> None:
    mirrors.note_problems(bridge.mirror, [Problem("licence", "нет лицензии", is_fatal=True)], NOW)
    mirrors.goes_well(bridge.mirror, NOW + MINUTE)
    reads(bridge, NOW + 3 * MINUTE)
    assert len(look(bridge, NOW + 3 * MINUTE)) == 1
    assert "нет лицензии" in Notice.objects.get().text
    mirrors.note_problems(bridge.mirror, [Problem("status", "нет статуса")], NOW + 4 * MINUTE)
    reads(bridge, NOW + 4 * MINUTE)
    assert len(look(bridge, NOW + 4 * MINUTE)) == 1
    assert Notice.objects.latest("pk").is_good


def test_changes_that_were_not_told_are_counted_and_told_again_when_there_are_more(bridge: Bridge) -> None:
    make_dead(make_incident())
    assert len(look(bridge, NOW)) == 1
    make_dead(make_incident())
    assert look(bridge, NOW + 30 * MINUTE) == []
    assert len(look(bridge, NOW + 61 * MINUTE)) == 1
    assert "2" in Notice.objects.latest("pk").title
    Job.objects.update(state=Job.State.SKIPPED)
    assert look(bridge, NOW + 2 * 60 * MINUTE) == []
    make_dead(make_incident())
    assert len(look(bridge, NOW + 3 * 60 * MINUTE)) == 1


def test_issues_that_are_nearly_full_are_told(bridge: Bridge) -> None:
    incident = make_incident()
    facts = {"backend": "memory", "remote_id": "1", "key": "MEM-1", "version": "1", "changed_at": NOW, "linked_at": NOW}
    IssueLink.objects.create(incident=incident, comment_count=950, **facts)
    assert len(look(bridge, NOW)) == 1


def give(settings: Any, life: timedelta | None, refresh: str = "r") -> None:
    settings.TRACKER = replace(settings.TRACKER, backend="yandex")
    credentials.save(settings.TRACKER, Pair("a", refresh, life), now=NOW)


def test_the_end_of_a_token_is_told_thirty_days_ahead_then_a_week_then_a_day(bridge: Bridge, settings: Any) -> None:
    give(settings, 365 * DAY)
    told = []
    Mirror.objects.create(backend="yandex", since=NOW, began_at=NOW)
    for days in range(366):
        at = NOW + days * DAY + timedelta(hours=1)
        Mirror.objects.update(read_at=at)
        mirror = mirrors.row(at)
        assert mirror
        if alarms.check(mirror, at):
            told.append(365 - days)
    assert told == [30, 7, 1]
    assert "/tracker/connect/" in Notice.objects.latest("pk").text
    Credentials.objects.update(expires_at=NOW + 2 * 365 * DAY)
    assert alarms.check(mirror, at) == 0
    assert not Alarm.objects.filter(until=None).exists()


def test_a_renewal_that_was_refused_is_told_long_before_the_end(bridge: Bridge, settings: Any) -> None:
    give(settings, 365 * DAY)
    Credentials.objects.update(said="OAuth: HTTP 400 invalid_grant", is_refused=True)
    mirror = mirrors.row(NOW)
    assert mirror
    assert [each.kind for each in alarms.findings(mirror, NOW)] == [Alarm.Kind.REFUSED]
    assert "invalid_grant" in next(alarms.findings(mirror, NOW)).text


def test_a_token_of_unknown_life_is_no_alarm(bridge: Bridge, settings: Any) -> None:
    give(settings, None, "")
    mirror = mirrors.row(NOW)
    assert mirror
    assert not list(alarms.findings(mirror, NOW + 1000 * DAY))


def test_the_clock_looks_every_minute_and_when_the_state_changes(bridge: Bridge) -> None:
    long_ago = NOW - DAY
    mirrors.stand_still(bridge.mirror, Transient("timeout"), long_ago)
    tasks.look_closer()
    assert Alarm.objects.filter(kind=Alarm.Kind.STILL, until=None).count() == 1
    # Its pause is over, and the tracker answers.
    tasks.pull()
    assert not Alarm.objects.filter(until=None).exists()
    assert Notice.objects.filter(is_good=True).count() == 1
