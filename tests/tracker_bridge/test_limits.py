"""What is refused, what has a limit, and what no event tells: nothing of it is forgotten."""

from __future__ import annotations

from incidents import moving, services
from incidents.events import record
from incidents.models import Comment, Incident, IncidentEmail, IncidentType
from tests.factories import make_email, make_pole
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.test_robust import WORKFLOW, fresh, incident, set_status, set_type
from tracker_bridge import pushing, sweeping
from tracker_bridge.models import Conflict, IssueLink, Job
from tracker_bridge.protocol import Ambiguous, Exhausted, Refused

__all__ = ["incident"]


def test_several_steps_that_became_one_job_are_taken_one_by_one(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.workflow = WORKFLOW
    for key in ("inProgress", "uvedomiliOperatora", "peredanoPodradciku", "closed"):
        set_status(bridge, incident, key)
    bridge.sync()
    assert bridge.issue(incident).status == "closed"
    assert fresh(incident).status.key == "closed"
    assert not Job.objects.filter(state=Job.State.DEAD).exists()


def test_a_merged_incident_says_where_its_matter_goes_on_once(bridge: Bridge, incident: Incident) -> None:
    other = bridge.open("Другой")
    bridge.sync()
    moving.merge(incident, other, by=bridge.person(), at=bridge.now)
    bridge.backend.fail("set_status", Ambiguous("lost"), times=2)
    for _ in range(4):
        bridge.push()
        bridge.wait(minutes=2)
    bridge.sync()
    (said,) = bridge.backend.comments(bridge.issue(incident).ref)
    assert other.code in said.text
    assert bridge.issue(incident).status == "closed"
    assert not Comment.objects.exists()


def test_what_the_incident_refuses_stands_in_the_journal(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "anna", pole="99999-X")
    bridge.sync()
    conflict = Conflict.objects.get()
    assert (conflict.field, conflict.theirs, conflict.winner, conflict.author) == (
        *("pole", "99999-X", "dispatch", "anna"),
    )


def test_a_status_that_was_refused_is_tried_again_when_it_is_another_one_there(
    bridge: Bridge, incident: Incident
) -> None:
    bridge.backend.workflow = {"new": ["needAcceptance"], "needAcceptance": ["inProgress"]}
    bridge.backend.edit(bridge.issue(incident).ref, "anna", description="Иначе")
    set_status(bridge, incident, "inProgress")
    bridge.backend.workflow = {"new": []}
    bridge.push()
    assert Job.objects.filter(state=Job.State.DEAD).count() == 1
    bridge.backend.workflow = {"new": ["inProgress"]}
    # Nothing changed there: it is not asked again and again.
    bridge.wait(minutes=1)
    bridge.push()
    assert bridge.issue(incident).status == "new"
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="needAcceptance")
    bridge.backend.workflow = {"needAcceptance": ["inProgress"]}
    bridge.sync()
    # The tracker's own change of the status counts; both say the same, and nobody has to be asked any more.
    assert bridge.issue(incident).status == fresh(incident).status.key
    assert "status" not in bridge.link(incident).refused
    assert not Job.objects.filter(state=Job.State.DEAD).exists()


def test_a_pole_that_is_corrected_after_a_refusal_goes_on(bridge: Bridge, incident: Incident) -> None:
    pole = make_pole("41960-P-43-1-1")
    bridge.backend.edit(bridge.issue(incident).ref, "anna", pole="99999-X")
    bridge.sync()
    bridge.wait(minutes=1)
    bridge.backend.edit(bridge.issue(incident).ref, "anna", pole=pole.code)
    bridge.sync()
    assert fresh(incident).pole == pole


def test_a_field_that_was_left_alone_is_put_right_when_its_time_is_over(bridge: Bridge, incident: Incident) -> None:
    for _ in range(12):
        bridge.backend.edit(bridge.issue(incident).ref, "robot", summary="Правлю я")
        bridge.pull()
        bridge.push()
        bridge.wait(seconds=20)
    assert bridge.issue(incident).fields["summary"] == "Правлю я"
    bridge.wait(hours=2)
    sweeping.note_quiet_changes(bridge.mirror, bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields["summary"] == f"{incident.code}: Нет питания"
    assert bridge.link(incident).frozen == {}


def test_near_the_limit_of_changes_what_says_little_waits_for_company(bridge: Bridge, incident: Incident) -> None:
    IssueLink.objects.update(writes=10_000)
    Incident.objects.update(has_news=True)
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields["is_new_message"] == "Нет"
    set_type(bridge, incident, "power-rf")
    bridge.sync()
    assert bridge.issue(incident).fields["is_new_message"] == "Да"


def test_an_issue_that_takes_no_more_comments_goes_on_in_another_with_all_that_waits(
    bridge: Bridge, incident: Incident
) -> None:
    old = bridge.link(incident)
    bridge.backend.fail("put_comment", Exhausted("1000 comments"))
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    services.add_comment(incident, "Едут", by=None, at=bridge.now)
    bridge.push()
    pushing.go_on_elsewhere(IssueLink.objects.get(pk=old.pk), bridge.now)
    bridge.wait(minutes=1)
    bridge.sync()
    new = bridge.link(incident)
    assert new.remote_id != old.remote_id
    told = [each.text for each in bridge.backend.comments(bridge.issue(incident).ref)]
    assert [any(words in text for text in told) for words in ("Звонили", "Едут", old.key)] == [True] * 3
    assert not Job.objects.filter(state=Job.State.DEAD).exists()


def test_a_type_that_is_no_option_over_there_waits_until_it_is_another(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.fail("update_fields", Refused("no such option", field="type"))
    set_type(bridge, incident, "power-rf")
    bridge.sync()
    bridge.wait(minutes=5)
    bridge.sync()
    assert "type" in bridge.link(incident).refused
    services.set_type(incident, IncidentType.objects.get(name_ru="Авария ВОЛС"), by=None, at=bridge.now)
    bridge.wait(minutes=1)
    bridge.sync()
    assert bridge.issue(incident).fields["type"] == "Авария ВОЛС"
    assert bridge.link(incident).refused == {}


def test_a_letter_that_is_read_after_the_incident_was_closed_is_told_as_read(
    bridge: Bridge, incident: Incident
) -> None:
    Incident.objects.update(has_news=True)
    for key in ("inProgress", "closed"):
        set_status(bridge, incident, key)
    bridge.sync()
    assert bridge.issue(incident).fields["is_new_message"] == "Да"
    services.mark_read(incident)
    sweeping.note_quiet_changes(bridge.mirror, bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields["is_new_message"] == "Нет"


def test_letters_that_are_merged_into_a_closed_incident_are_told(bridge: Bridge, incident: Incident) -> None:
    for key in ("inProgress", "closed"):
        set_status(bridge, incident, key)
    other = bridge.open("Другой")
    email = make_email(text="Нет питания с ночи")
    IncidentEmail.objects.create(incident=other, email=email, way="thread", thread=email.pk)
    record(other, "letter", actor=None, at=bridge.now, email=email.pk)
    moving.merge(other, incident, by=bridge.person(), at=bridge.now)
    sweeping.add_missing_letters(bridge.mirror, bridge.now)
    bridge.sync()
    (told,) = (
        each for each in bridge.backend.comments(bridge.issue(incident).ref) if "Нет питания с ночи" in each.text
    )
    assert told.idem == f"letter:{email.pk}"
