"""What the desk does is told to the tracker: once, in order, and nothing that did not change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import services
from incidents.events import record
from incidents.models import Incident, IncidentEmail, IncidentType, Status
from tests.factories import make_email, make_pole, make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import pushing
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    Conflict,
    Exhausted,
    Gone,
    Refused,
    Transient,
)


def receive(bridge: Bridge, incident: Incident, text: str = "Добрый день!") -> None:
    """A letter has come into the incident."""
    email = make_email(text=text)
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    record(incident, "letter", actor=None, at=bridge.now, email=email.pk)


def test_an_incident_becomes_an_issue_with_all_of_its_fields(bridge: Bridge) -> None:
    incident = bridge.open("Нет питания на КИ0075")
    pole = make_pole("41960-P-43-1-1")
    services.link_asset(incident, pole=pole, station=None, by=None, at=bridge.now)
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    issue = bridge.issue(incident)
    assert issue.status == "new"
    assert issue.fields["summary"] == f"{incident.code}: Нет питания на КИ0075"
    assert (issue.fields["pole"], issue.fields["contractor"]) == (pole.code, "ООО «Пример-Энерго»")
    assert issue.fields["type"] == "Авария по питанию РФ"
    assert (issue.fields["database_id"], issue.fields["sla_state"]) == (incident.pk, "В работе")
    assert issue.fields["sla_deadline"] == incident.opened_at + timedelta(days=1)


def test_many_changes_and_letters_cost_few_calls(bridge: Bridge) -> None:
    incident, by = bridge.open(), make_user()
    for number in range(5):
        services.set_type(
            incident, IncidentType.objects.all()[number % 2], by=by, at=bridge.now + timedelta(milliseconds=number)
        )
        services.add_comment(incident, f"звонок {number}", by=by, at=bridge.now) if number < 2 else None
    for _ in range(3):
        receive(bridge, incident)
    bridge.push()
    calls = bridge.calls()
    # Created with all that was known by then; only the status takes a step of its own.
    assert calls == {"ensure_issue": 1, "set_status": 1, "put_comment": 5}
    bridge.push()
    assert bridge.calls() == {}


def test_nothing_is_written_that_did_not_change(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.calls()
    record(incident, "watched", actor=None, at=bridge.now)
    bridge.push()
    assert bridge.calls() == {}
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    assert bridge.calls() == {"update_fields": 1}


def test_a_letter_becomes_a_comment_that_its_words_cannot_leave(bridge: Bridge) -> None:
    incident = bridge.open()
    receive(bridge, incident, text="строка\n```\n@ivan кто: {{ issue.key }}\n````\nконец")
    bridge.push()
    (comment,) = bridge.backend.comments(pushing.ref_of(bridge.link(incident)))
    head, fence, *lines = (
        comment.text.split("\n\n", 1)[0].splitlines()[0],
        *comment.text.split("\n\n", 1)[1].splitlines(),
    )
    assert head.startswith("**Письмо получено**")
    assert fence == "`````"
    assert lines[-1] == fence
    assert "@ivan кто: {{ issue.key }}" in lines


@pytest.mark.parametrize("method", ["ensure_issue", "put_comment", "set_status"])
def test_an_answer_that_was_lost_doubles_nothing(bridge: Bridge, method: str) -> None:
    incident = bridge.open()
    receive(bridge, incident)
    bridge.backend.fail(method, Ambiguous("lost"), after=True)
    bridge.push()
    bridge.wait(minutes=1)
    bridge.push()
    (page,) = bridge.backend.changes("")
    assert len(page.issues) == 1
    assert page.issues[0].status == "new"
    assert len(bridge.backend.comments(page.issues[0].ref)) == 1
    assert not Job.objects.exclude(state=Job.State.DONE).exists()


def test_later_jobs_of_an_incident_wait_and_others_do_not(bridge: Bridge) -> None:
    first, second = bridge.open("Первый"), bridge.open("Второй")
    receive(bridge, first)
    bridge.backend.fail("ensure_issue", Transient("busy"))
    bridge.push()
    assert not IssueLink.objects.filter(incident=first).exists()
    assert IssueLink.objects.filter(incident=second).exists()
    bridge.wait(minutes=1)
    bridge.push()
    assert len(bridge.backend.comments(pushing.ref_of(bridge.link(first)))) == 1


def test_too_many_calls_make_the_mirror_wait_as_long_as_the_tracker_says(bridge: Bridge) -> None:
    bridge.open()
    bridge.backend.fail("ensure_issue", Transient("429", retry_after=timedelta(minutes=7)))
    bridge.push()
    bridge.wait(minutes=6)
    assert bridge.push() == 0
    assert bridge.calls() == {"ensure_issue": 1}
    bridge.wait(minutes=2)
    assert bridge.push() == 1


def test_without_a_token_jobs_wait_and_are_not_to_blame(bridge: Bridge) -> None:
    bridge.open()
    bridge.backend.fail("ensure_issue", AuthNeeded("no token"), times=3)
    for _ in range(3):
        bridge.push()
        bridge.wait(minutes=2)
    assert bridge.mirror.state == Mirror.State.AUTH
    assert Job.objects.get().attempts == 0
    bridge.push()
    assert bridge.mirror.state == Mirror.State.RUNNING
    assert Job.objects.get().state == Job.State.DONE


def test_a_field_that_is_refused_is_left_out_and_the_rest_is_written(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.calls()
    bridge.backend.fail("update_fields", Refused("no such option", field="type"))
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    services.link_asset(incident, pole=make_pole(), station=None, by=None, at=bridge.now)
    bridge.push()
    assert bridge.issue(incident).fields["pole"]
    assert "type" in bridge.link(incident).refused
    record(incident, "watched", actor=None, at=bridge.now)
    bridge.calls()
    bridge.push()
    assert "update_fields" not in bridge.calls()


def test_a_step_that_the_tracker_does_not_allow_is_a_dead_letter_with_its_words(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.backend.workflow = {"new": []}
    services.change_status(incident, Status.objects.get(key="inProgress"), by=None, at=bridge.now)
    bridge.push()
    job = Job.objects.get(state=Job.State.DEAD)
    assert (job.error, "inProgress" in job.said) == ("Refused", True)
    bridge.backend.workflow = None
    services.change_status(incident, Status.objects.get(key="needAcceptance"), by=None, at=bridge.now)
    bridge.push()
    assert bridge.issue(incident).status == "needAcceptance"
    # What could not be told before has been told now.
    job.refresh_from_db()
    assert job.state == Job.State.SKIPPED


def test_a_change_over_there_in_the_same_moment_is_read_before_ours_is_written(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.backend.edit(bridge.issue(incident).ref, "anna", pole="")
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="inProgress")
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    incident.refresh_from_db()
    assert incident.status.key == "inProgress"
    assert bridge.issue(incident).fields["type"] == "Авария по питанию РФ"


def test_conflicts_without_end_are_given_up_for_a_while(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.backend.fail("update_fields", Conflict("changed"), times=9)
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    assert Job.objects.get(state=Job.State.WAITING).error == "Transient"


def test_an_issue_that_takes_nothing_more_is_frozen_and_may_go_on_in_another(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    old = bridge.link(incident)
    bridge.backend.fail("put_comment", Exhausted("1000 comments"))
    receive(bridge, incident)
    bridge.push()
    old.refresh_from_db()
    assert old.state == IssueLink.State.FROZEN
    pushing.go_on_elsewhere(old, bridge.now)
    bridge.push()
    assert bridge.link(incident).remote_id != old.remote_id


def test_an_issue_that_is_gone_is_looked_for_again_and_then_a_person_is_asked(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.push()
    bridge.backend.vanish(bridge.issue(incident).ref)
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    assert Job.objects.filter(state=Job.State.WAITING).count() == 1
    bridge.wait(minutes=6)
    bridge.push()
    assert Job.objects.get(state=Job.State.DEAD).error == Gone.__name__
    assert bridge.link(incident).state == IssueLink.State.MISSING


def test_a_worker_that_died_leaves_its_job_to_another(bridge: Bridge) -> None:
    from tracker_bridge import jobs

    bridge.open()
    assert jobs.lease("memory", bridge.now)
    assert jobs.lease("memory", bridge.now) is None
    bridge.wait(minutes=4)
    assert bridge.push() == 1


def test_old_incidents_are_not_told_until_they_are_imported(bridge: Bridge) -> None:
    from tests.factories import make_incident

    old = make_incident(opened_at=bridge.now - timedelta(days=3))
    services.set_type(old, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    assert not Job.objects.exists()


def test_without_a_tracker_nothing_is_noted(settings: object, db: None) -> None:
    services.open_by_hand("Нет питания", by=make_user(), at=make_email().received_at)
    assert not Job.objects.exists()
