"""Rules change as versions, and the clocks of open incidents follow."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from dispatchers.roles import Role
from incidents import services
from incidents.models import IncidentType, Status
from sla import changing, rule_following, trials
from sla.models import IncidentClock, Recomputation
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def chief():
    return make_user(Role.ADMINISTRATOR)


def changed(**types: int) -> dict[str, Any]:
    document = copy.deepcopy(changing.newest().document)
    document["types"].update({key.replace("_", "-"): minutes for key, minutes in types.items()})
    return document


def put(document, by, *, why="договор", now=NOW):
    return changing.save(document, by=by, why=why, now=now, based_on=changing.newest().number)


def opened(**over):
    me = make_user()
    incident = make_incident(status="inProgress", **over)
    services.add_comment(incident, "смотрю", by=me, at=NOW)
    services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=me, at=NOW)
    incident.refresh_from_db()
    return incident


def follow_to_the_end(now=NOW):
    while Recomputation.objects.filter(passed_at=None, finished_at=None).exists():
        rule_following.follow(lambda: now)


def test_a_change_is_a_version_with_its_author_and_reason(chief):
    before = changing.newest()

    version = put(changed(power_msk=60), chief, why="новый договор")

    assert (version.number, version.by, version.why) == (before.number + 1, chief, "новый договор")
    before.refresh_from_db()
    assert before.document["types"]["power-msk"] == 240


def test_the_same_rules_again_are_no_version(chief):
    before = changing.newest()
    assert put(copy.deepcopy(before.document), chief).number == before.number


def test_who_read_an_older_version_is_refused(chief):
    document, based_on = changed(power_msk=60), changing.newest().number
    put(changed(power_rf=60), chief)

    with pytest.raises(changing.ChangedMeanwhile) as refusal:
        changing.save(document, by=chief, why="", now=NOW, based_on=based_on)

    assert chief.full_name in refusal.value.user_message


def test_only_administrators_change_rules():
    with pytest.raises(PermissionDenied):
        put(changed(power_msk=60), make_user(Role.MANAGER))


def test_times_of_types_on_the_desk_follow_the_rules(chief):
    put(changed(power_msk=90), chief)
    assert IncidentType.objects.get(key="power-msk").sla == timedelta(minutes=90)


def test_open_incidents_follow_and_closed_ones_keep_what_they_had(chief):
    running, ended = opened(), opened()
    services.change_status(ended, Status.objects.get(key="closed"), by=make_user(), at=NOW + HOUR, reason="готово")
    put(changed(power_msk=60), chief, now=changing.newest().at + HOUR)

    follow_to_the_end()

    running.refresh_from_db()
    ended.refresh_from_db()
    assert running.due_at == NOW + HOUR
    assert ended.due_at == NOW + 4 * HOUR
    work = Recomputation.objects.get()
    assert (work.total, work.seen, work.changed) == (1, 1, 1)


def test_a_worker_that_died_leaves_the_rest_to_the_next_one(chief, monkeypatch):
    monkeypatch.setattr(rule_following, "SLICE", 2)
    monkeypatch.setattr(rule_following, "MOST_SLICES", 1)
    incidents = [opened() for _each in range(5)]
    put(changed(power_msk=60), chief)
    rule_following.follow(lambda: NOW)
    assert Recomputation.objects.get().seen == 2

    follow_to_the_end()

    assert Recomputation.objects.get().seen == 5
    for incident in incidents:
        incident.refresh_from_db()
        assert incident.due_at == NOW + HOUR


def test_whoever_was_changed_while_the_rules_were_saved_is_looked_at_once_more(chief):
    version = put(changed(power_msk=60), chief)
    follow_to_the_end()
    late = opened()
    type(late).objects.filter(pk=late.pk).update(due_at=NOW + 4 * HOUR, active_at=version.at)

    rule_following.follow(lambda: version.at + 2 * rule_following.SETTLES)

    late.refresh_from_db()
    assert late.due_at == NOW + HOUR
    assert Recomputation.objects.get().finished_at


def test_newer_rules_end_the_following_of_older_ones(chief):
    opened()
    put(changed(power_msk=60), chief)
    put(changed(power_msk=30), chief)

    assert Recomputation.objects.filter(finished_at=None).count() == 1


def test_a_trial_counts_other_deadlines_and_what_is_late_at_once(chief):
    me = make_user()
    for hours in (1, 2, 3):
        incident = make_incident(status="inProgress", opened_at=NOW - hours * HOUR)
        services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=me, at=NOW)
    opened()
    make_incident(type="power-rf")
    document, number = changed(power_msk=90), changing.newest().number

    trial = trials.start(document, by=chief, now=NOW, based_on=number, back="/sla/rules/")
    trials.count(lambda: NOW)

    trial.refresh_from_db()
    assert (trial.total, trial.seen, trial.changed, trial.overdue) == (5, 5, 4, 2)
    assert trial.finished_at
    assert {row["is_overdue"] for row in trial.examples} == {True, False}
    assert not IncidentClock.objects.filter(version=number + 1).exists()


def test_a_saved_trial_is_the_version_it_tried(chief):
    document = changed(power_msk=90)
    trial = trials.start(document, by=chief, now=NOW, based_on=changing.newest().number, back="/sla/rules/")

    version = trials.save(trial, by=chief, why="договор", now=NOW)

    assert version.document == document
    trial.refresh_from_db()
    assert trial.saved_as == version.number


def test_a_time_given_in_the_administration_becomes_a_version(chief):
    kind = IncidentType.objects.create(key="lift", name_ru="Лифт", name_en="Lift", sla=timedelta(hours=2), position=9)

    version = changing.follow_types([kind], by=chief, now=NOW)

    assert version is not None
    assert version.document["types"]["lift"] == 120
    assert changing.follow_types([kind], by=chief, now=NOW) is None


def test_what_ended_under_a_rule_stays_when_the_rule_is_taken_away(chief):
    incident = opened()
    assert IncidentClock.objects.get(incident=incident, clock="first_action").state == "stopped"
    document = changed()
    document["rules"] = [rule for rule in document["rules"] if rule["clock"] != "first_action"]
    put(document, chief, now=changing.newest().at + HOUR)

    follow_to_the_end()

    assert IncidentClock.objects.get(incident=incident, clock="first_action").state == "stopped"
