"""What people do in the tracker is done here: by the same rules, once, and explained where it is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatchers.roles import Role
from incidents import services
from incidents.models import Comment, Incident, IncidentEvent, IncidentType, Status
from tests.factories import NOW, make_pole, make_station
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import Conflict, IssueLink, Job, Mirror
from tracker_bridge.protocol import AuthNeeded, Transient, Upload


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    made = bridge.open()
    bridge.sync()
    return made


def fresh(incident: Incident) -> Incident:
    return Incident.objects.select_related("status", "pole", "base_station", "type", "assignee").get(pk=incident.pk)


def test_type_pole_person_and_status_of_the_tracker_are_taken_over(bridge: Bridge, incident: Incident) -> None:
    pole, anna = make_pole("41960-P-43-1-1"), bridge.person("anna")
    bridge.backend.edit(
        *(bridge.issue(incident).ref, "anna"),
        type="Авария ВОЛС",
        pole="41960-p-43-1-1",
        assignee="anna",
        status="inProgress",
    )
    bridge.sync()
    now_here = fresh(incident)
    assert now_here.type is not None
    assert (now_here.type.name_ru, now_here.pole, now_here.assignee) == ("Авария ВОЛС", pole, anna)
    assert now_here.status.key == "inProgress"
    assert now_here.contractor == pole.contractor
    assert IncidentEvent.objects.get(incident=incident, kind="type_set").actor == anna
    # What the pole brings along is told back.
    issue = bridge.issue(incident)
    assert (issue.fields["contractor"], issue.fields["pole"]) == ("ООО «Пример-Энерго»", "41960-P-43-1-1")


def test_the_beginning_of_a_station_is_completed_and_brings_its_pole(bridge: Bridge, incident: Incident) -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1"))
    bridge.backend.edit(bridge.issue(incident).ref, "anna", base_station="KI0000")
    bridge.sync()
    now_here = fresh(incident)
    assert (now_here.base_station, now_here.pole) == (station, station.pole)
    assert bridge.issue(incident).fields["base_station"] == "KI000075"
    assert bridge.issue(incident).fields["operator"] == "Т2"


@pytest.mark.parametrize("typed", ["99999-X", "4196"])
def test_a_wrong_pole_leads_to_error_with_the_reason_on_both_sides(
    bridge: Bridge, incident: Incident, typed: str
) -> None:
    make_pole("41960-P-43-1-1")
    make_pole("41961-P-43-1-1")
    bridge.backend.edit(bridge.issue(incident).ref, "anna", pole=typed)
    bridge.sync()
    now_here = fresh(incident)
    assert now_here.status.is_error
    assert typed in now_here.error_reason
    assert now_here.pole is None
    issue = bridge.issue(incident)
    assert (issue.status, issue.fields.get("pole")) == ("error", None)
    assert any(typed in comment.text for comment in bridge.backend.comments(issue.ref))


def test_an_unknown_type_names_the_known_ones(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "anna", type="Поломка")
    bridge.sync()
    assert "Авария ВОЛС" in fresh(incident).error_reason


def test_a_step_that_is_not_allowed_here_is_explained_and_taken_back(bridge: Bridge, incident: Incident) -> None:
    services.change_status(incident, Status.objects.get(key="inProgress"), by=None, at=bridge.now)
    bridge.sync()
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="new")
    bridge.sync()
    assert fresh(incident).status.key == "inProgress"
    issue = bridge.issue(incident)
    assert issue.status == "inProgress"
    assert len(bridge.backend.comments(issue.ref)) == 1
    assert Conflict.objects.get().winner == Conflict.Winner.DISPATCH


def test_several_steps_over_there_between_two_looks_are_all_taken_here(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="peredanoPodradciku")
    bridge.sync()
    assert fresh(incident).status.key == bridge.issue(incident).status == "peredanoPodradciku"
    taken = IncidentEvent.objects.filter(incident=incident, kind="status_changed")
    assert taken.count() > 1
    assert not Conflict.objects.exists()


def test_of_several_steps_those_before_the_refused_one_are_taken_so_that_a_way_leads_back_there(
    bridge: Bridge, incident: Incident
) -> None:
    # From where they stand no way over there leads to where the incident was. No letters leave here.
    bridge.backend.workflow = {"peredatPodradciku": ["needAcceptance"], "needAcceptance": ["inProgress"]}
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="peredatPodradciku")
    bridge.sync()
    assert fresh(incident).status.key == bridge.issue(incident).status == "inProgress"
    conflict = Conflict.objects.get()
    assert (conflict.field, conflict.theirs, conflict.winner) == ("status", "peredatPodradciku", "dispatch")
    assert not Job.objects.filter(state=Job.State.DEAD).exists()


def test_what_is_ours_alone_is_put_back_and_kept_in_the_journal(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "anna", summary="Другое", database_id=1)
    bridge.sync()
    issue = bridge.issue(incident)
    assert issue.fields["summary"] == f"{incident.code}: Нет питания"
    assert issue.fields["database_id"] == incident.pk
    found = Conflict.objects.filter(link__incident=incident)
    assert {(each.field, each.author, each.winner) for each in found} == {
        ("summary", "anna", "dispatch"),
        ("database_id", "anna", "dispatch"),
    }


def test_both_at_once_the_owner_wins_and_the_other_value_is_kept_in_the_journal(
    bridge: Bridge, incident: Incident
) -> None:
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.backend.edit(bridge.issue(incident).ref, "anna", type="Авария ВОЛС")
    bridge.sync()
    now_here = fresh(incident)
    assert now_here.type is not None
    assert now_here.type.name_ru == bridge.issue(incident).fields["type"] == "Авария ВОЛС"
    conflict = Conflict.objects.get()
    assert (conflict.ours, conflict.theirs, conflict.winner) == ("Авария по питанию РФ", "Авария ВОЛС", "tracker")


def test_our_own_writes_come_back_as_nothing(bridge: Bridge, incident: Incident) -> None:
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.sync()
    events = IncidentEvent.objects.count()
    for _ in range(3):
        bridge.wait(minutes=1)
        bridge.pull()
        bridge.push()
    assert IncidentEvent.objects.count() == events
    assert not Conflict.objects.exists()


def test_a_robot_that_keeps_changing_a_field_back_is_left_alone(bridge: Bridge, incident: Incident) -> None:
    for _ in range(12):
        bridge.backend.edit(bridge.issue(incident).ref, "robot", summary="Правлю я")
        bridge.pull()
        bridge.push()
        bridge.wait(seconds=20)
    assert bridge.issue(incident).fields["summary"] == "Правлю я"
    assert "summary" in bridge.link(incident).frozen
    assert Conflict.objects.filter(winner="nobody").count() == 1
    bridge.wait(hours=2)
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.sync()


def test_an_issue_made_by_hand_becomes_an_incident_with_the_clock_from_its_creation(bridge: Bridge) -> None:
    bridge.wait(minutes=1)
    made = bridge.backend.create("anna", "Позвонили: нет питания", type="Авария по питанию РФ")
    bridge.wait(minutes=30)
    bridge.sync()
    incident = Incident.objects.get()
    assert (incident.subject, incident.registration) == ("Позвонили: нет питания", "manual")
    assert incident.opened_at == made.created_at
    assert incident.due_at == made.created_at + timedelta(days=1)
    link = IssueLink.objects.get()
    assert (link.incident, link.is_by_hand) == (incident, True)
    issue = bridge.issue(incident)
    assert issue.fields["database_id"] == incident.pk
    assert issue.fields["summary"] == f"{incident.code}: Позвонили: нет питания"
    bridge.sync()
    assert Incident.objects.count() == 1


def test_an_issue_of_ours_that_is_read_before_its_answer_came_is_no_second_incident(bridge: Bridge) -> None:
    from tracker_bridge.protocol import Ambiguous

    incident = bridge.open()
    bridge.backend.fail("ensure_issue", Ambiguous("lost"), after=True)
    bridge.push()
    bridge.pull()
    bridge.wait(minutes=1)
    bridge.sync()
    assert Incident.objects.count() == 1
    assert bridge.link(incident).is_by_hand is False


def test_comments_of_people_become_notes_with_their_name(bridge: Bridge, incident: Incident) -> None:
    anna = bridge.person("anna")
    ref = bridge.issue(incident).ref
    bridge.backend.say(ref, "anna", "Бригада выехала")
    bridge.backend.say(ref, "petrov", "Нужен допуск", [Upload("Акт.pdf", "application/pdf", b"1")])
    bridge.sync()
    notes = list(Comment.objects.filter(incident=incident).order_by("pk"))
    assert [(note.author, note.text.splitlines()[0]) for note in notes] == [
        (anna, "Бригада выехала"),
        (None, f"petrov ({ref.key}): Нужен допуск"),
    ]
    assert len(bridge.backend.comments(ref)) == 2
    bridge.sync()
    assert Comment.objects.count() == 2


def test_a_note_of_ours_is_told_once_and_does_not_come_back(bridge: Bridge, incident: Incident) -> None:
    services.add_comment(incident, "Звонили, едут", by=bridge.person("oleg"), at=bridge.now)
    bridge.sync()
    (comment,) = bridge.backend.comments(bridge.issue(incident).ref)
    assert "Звонили, едут" in comment.text
    assert Comment.objects.count() == 1


def test_somebody_who_may_not_work_here_changes_it_as_the_tracker(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna", role=Role.OBSERVER)
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="inProgress")
    bridge.sync()
    event = IncidentEvent.objects.get(incident=incident, kind="status_changed")
    assert event.actor is None


def test_a_closed_incident_is_reopened_from_the_tracker(bridge: Bridge, incident: Incident) -> None:
    for key in ("inProgress", "closed"):
        services.change_status(incident, Status.objects.get(key=key), by=None, at=bridge.now)
    bridge.sync()
    assert bridge.issue(incident).status == "closed"
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="inProgress")
    bridge.sync()
    assert fresh(incident).status.key == "inProgress"


def test_an_issue_that_leaves_the_queue_is_followed_by_its_id(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.leave(bridge.issue(incident).ref)
    bridge.sync()
    link = bridge.link(incident)
    assert (link.state, link.key) == (IssueLink.State.LEFT, f"OTHER-{link.remote_id}")


def test_a_crash_between_an_issue_and_the_cursor_reads_it_again_and_changes_nothing(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="inProgress")
    cursor = bridge.mirror.cursor
    bridge.pull()
    Mirror.objects.update(cursor=cursor)
    events = IncidentEvent.objects.count()
    bridge.pull()
    assert IncidentEvent.objects.count() == events


def test_a_tracker_that_does_not_answer_leaves_the_cursor(bridge: Bridge, incident: Incident) -> None:
    cursor = bridge.mirror.cursor
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="inProgress")
    bridge.backend.fail("changes", Transient("away"))
    bridge.pull()
    assert bridge.mirror.cursor == cursor
    bridge.backend.fail("changes", AuthNeeded("no token"))
    bridge.pull()
    assert bridge.mirror.state == Mirror.State.AUTH
    bridge.wait(minutes=2)
    bridge.pull()
    assert fresh(incident).status.key == "inProgress"


def test_issues_from_before_the_mirror_are_not_taken_in(bridge: Bridge) -> None:
    bridge.backend.now = NOW - timedelta(days=9)
    bridge.backend.create("anna", "Старая задача")
    bridge.backend.now = NOW
    bridge.pull()
    assert not Incident.objects.exists()


def test_a_comment_that_came_while_ours_was_written_is_taken_in(bridge: Bridge, incident: Incident) -> None:
    ref = bridge.issue(incident).ref
    bridge.backend.say(ref, "anna", "Бригада выехала")
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.push()
    bridge.sync()
    assert any("Бригада выехала" in note.text for note in Comment.objects.filter(incident=incident))
