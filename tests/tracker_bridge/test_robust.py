"""Whoever dies, fails or is late: nothing is lost, nothing is done twice, and nobody's newer word is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from incidents import services
from incidents.models import Comment, Incident, IncidentType, Status
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import comments, jobs, pulling, pushing, reconciling
from tracker_bridge.models import Conflict, Job
from tracker_bridge.protocol import Ambiguous, RemoteIssue, RemoteRef, Transient

# As the demo's queue has it.
WORKFLOW = {
    "open": ["new"],
    "new": ["inProgress", "error"],
    "inProgress": ["uvedomiliOperatora", "closed", "error"],
    "uvedomiliOperatora": ["peredanoPodradciku", "error"],
    "peredanoPodradciku": ["closed", "error"],
    "closed": ["inProgress"],
    "error": ["inProgress"],
}


class Killed(BaseException):
    """What a process that is killed leaves behind: nothing after this runs."""


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    made = bridge.open()
    bridge.sync()
    return made


def fresh(incident: Incident) -> Incident:
    return Incident.objects.select_related("status", "pole", "type").get(pk=incident.pk)


def set_type(bridge: Bridge, incident: Incident, key: str) -> None:
    services.set_type(incident, IncidentType.objects.get(key=key), by=None, at=bridge.now)


def set_status(bridge: Bridge, incident: Incident, key: str) -> None:
    services.change_status(fresh(incident), Status.objects.get(key=key), by=None, at=bridge.now)


def killed_once(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> None:
    """The next call of it never happens, nor anything after."""
    real: Callable[..., Any] = getattr(place, name)
    calls = iter([Killed])

    def dies(*args: Any, **kwargs: Any) -> Any:
        for death in calls:
            raise death
        return real(*args, **kwargs)

    monkeypatch.setattr(place, name, dies)


def test_a_change_beside_a_step_of_ours_is_not_taken_for_seen(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = bridge.backend.set_status

    def beside(ref: RemoteRef, status: str) -> RemoteIssue:
        bridge.backend.edit(ref, "anna", summary="Правка", type="Авария ВОЛС")
        return step(ref, status)

    monkeypatch.setattr(bridge.backend, "set_status", beside)
    set_status(bridge, incident, "inProgress")
    bridge.push()
    monkeypatch.undo()
    bridge.sync()
    issue = bridge.issue(incident)
    assert issue.fields["summary"] == f"{incident.code}: Нет питания"
    now_here = fresh(incident).type
    assert now_here is not None
    assert now_here.name_ru == "Авария ВОЛС"


def test_a_search_that_is_behind_does_not_undo_what_we_have_just_written(bridge: Bridge, incident: Incident) -> None:
    before = bridge.issue(incident)
    set_type(bridge, incident, "power-rf")
    bridge.push()
    pulling.take(bridge.backend, bridge.mirror, before, bridge.now, is_late=True)
    now_here = fresh(incident).type
    assert now_here is not None
    assert now_here.key == "power-rf"
    assert not Conflict.objects.exists()
    assert not Job.objects.filter(state=Job.State.WAITING).exists()


def test_a_worker_that_died_after_its_write_does_not_make_it_somebody_elses(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_type(bridge, incident, "power-rf")
    set_status(bridge, incident, "inProgress")
    killed_once(monkeypatch, pushing, "_agreed")
    with pytest.raises(Killed):
        bridge.push()
    # Meanwhile it is something else here, and the reading of changes comes first.
    services.set_type(incident, IncidentType.objects.get(name_ru="Авария ВОЛС"), by=None, at=bridge.now)
    bridge.pull()
    bridge.wait(minutes=4)
    bridge.sync()
    now_here = fresh(incident)
    assert now_here.type is not None
    assert now_here.type.name_ru == bridge.issue(incident).fields["type"] == "Авария ВОЛС"
    assert now_here.status.key == bridge.issue(incident).status == "inProgress"
    assert not Conflict.objects.exists()


def test_an_issue_that_was_taken_in_by_a_worker_who_died_then_is_read_again(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.wait(minutes=1)
    bridge.backend.create("anna", "Позвонили: нет питания")
    killed_once(monkeypatch, reconciling, "reconcile")
    with pytest.raises(Killed):
        bridge.pull()
    bridge.sync()
    incident = Incident.objects.get()
    assert bridge.issue(incident).fields["database_id"] == incident.pk


@pytest.mark.parametrize("edits", [{}, {"type": "Авария ВОЛС"}], ids=["untouched", "edited by a person"])
def test_an_issue_whose_maker_died_is_linked_by_the_next_one_and_not_taken_for_somebodys(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, edits: dict[str, Any]
) -> None:
    incident = bridge.open()
    set_status(bridge, incident, "inProgress")
    killed_once(monkeypatch, pushing, "_linked")
    with pytest.raises(Killed):
        bridge.push()
    if edits:
        (page,) = bridge.backend.changes("")
        bridge.backend.edit(page.issues[0].ref, "anna", **edits)
    bridge.pull()
    bridge.wait(minutes=4)
    bridge.sync()
    issue, now_here = bridge.issue(incident), fresh(incident)
    assert (issue.status, now_here.status.key) == ("inProgress", "inProgress")
    assert (now_here.type.name_ru if now_here.type else None) == edits.get("type") == issue.fields.get("type")
    assert bridge.backend.comments(issue.ref) == []
    assert not Conflict.objects.exists()


def test_a_way_of_several_steps_is_not_mistaken_for_somebody_elses(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.backend.workflow = WORKFLOW
    for key in ("inProgress", "uvedomiliOperatora", "peredanoPodradciku"):
        set_status(bridge, incident, key)
    killed_once(monkeypatch, pushing, "_agreed")
    with pytest.raises(Killed):
        bridge.push()
    assert bridge.issue(incident).status == "inProgress"
    bridge.pull()
    bridge.wait(minutes=4)
    bridge.sync()
    assert bridge.issue(incident).status == fresh(incident).status.key == "peredanoPodradciku"


def test_a_job_that_fails_for_a_reason_of_its_own_keeps_no_other_away(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments, "put", lambda *args: 1 / 0)
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    other = bridge.open("Другой")
    bridge.push()
    assert bridge.link(other)
    assert Job.objects.get(kind=Job.Kind.NOTE).error == "ZeroDivisionError"
    monkeypatch.undo()
    bridge.wait(minutes=1)
    bridge.sync()
    assert len(bridge.backend.comments(bridge.issue(incident).ref)) == 1


def test_an_issue_that_cannot_be_read_keeps_no_other_away(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = bridge.open("Другой")
    bridge.sync()
    real = reconciling.reconcile

    def reconcile(link: int, *args: Any, **kwargs: Any) -> None:
        if link == bridge.link(incident).pk:
            raise ValueError("words that no database takes")
        real(link, *args, **kwargs)

    monkeypatch.setattr(reconciling, "reconcile", reconcile)
    cursor = bridge.mirror.cursor
    bridge.backend.edit(bridge.issue(incident).ref, "anna", status="inProgress")
    bridge.backend.edit(bridge.issue(other).ref, "anna", status="inProgress")
    bridge.pull()
    assert fresh(other).status.key == "inProgress"
    assert bridge.mirror.cursor != cursor


@pytest.mark.parametrize("error", [Transient("busy"), Ambiguous("lost")])
def test_an_issue_that_fails_for_a_moment_is_read_again_and_the_others_at_once(
    bridge: Bridge, incident: Incident, error: Exception
) -> None:
    other = bridge.open("Другой")
    bridge.sync()
    cursor = bridge.mirror.cursor
    for each in (incident, other):
        bridge.backend.edit(bridge.issue(each).ref, "anna", status="inProgress")
    bridge.backend.fail("history", error)  # type: ignore[arg-type]
    bridge.pull()
    assert {fresh(incident).status.key, fresh(other).status.key} == {"new", "inProgress"}
    assert bridge.mirror.cursor == cursor
    bridge.pull()
    assert fresh(incident).status.key == fresh(other).status.key == "inProgress"


def test_a_dead_letter_that_is_tried_again_looks_whether_it_was_done_before(bridge: Bridge, incident: Incident) -> None:
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    bridge.backend.fail("put_comment", Ambiguous("lost"), after=True)
    bridge.push()
    job = Job.objects.get(kind=Job.Kind.NOTE)
    jobs.dead(job, Ambiguous("lost"), bridge.now)
    jobs.again(job, bridge.now)
    bridge.push()
    assert len(bridge.backend.comments(bridge.issue(incident).ref)) == 1


def write_nothing(bridge: Bridge, incident: Incident) -> None:
    pass


def write_a_field(bridge: Bridge, incident: Incident) -> None:
    set_type(bridge, incident, "power-rf")


def take_a_step(bridge: Bridge, incident: Incident) -> None:
    set_status(bridge, incident, "inProgress")


def write_a_comment(bridge: Bridge, incident: Incident) -> None:
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)


def write_all_of_it(bridge: Bridge, incident: Incident) -> None:
    for deed in (write_a_comment, write_a_field, take_a_step):
        deed(bridge, incident)


@pytest.mark.parametrize(
    "ours",
    [write_nothing, write_a_field, take_a_step, write_a_comment, write_all_of_it],
    ids=lambda deed: deed.__name__,
)
def test_a_comment_that_was_rewritten_over_there_is_said_again_here(
    bridge: Bridge, incident: Incident, ours: Callable[[Bridge, Incident], None]
) -> None:
    ref = bridge.issue(incident).ref
    said = bridge.backend.say(ref, "anna", "Бригада выехала")
    bridge.sync()
    bridge.backend.rewrite(ref, said, "anna", "Бригада вернулась")
    # Whatever we write next makes us the last writer.
    ours(bridge, incident)
    bridge.push()
    bridge.sync()
    assert any("Бригада вернулась" in note.text for note in Comment.objects.filter(incident=incident))


def test_moments_of_the_lease_end_by_themselves(bridge: Bridge) -> None:
    bridge.open()
    job = jobs.lease("memory", bridge.now)
    assert job is not None
    assert jobs.lease("memory", bridge.now + jobs.LEASE) is None
    assert jobs.lease("memory", bridge.now + jobs.LEASE + timedelta(seconds=1)) == job


def test_a_comment_beside_one_of_ours_whose_answer_was_lost_is_read(bridge: Bridge, incident: Incident) -> None:
    ref = bridge.issue(incident).ref
    services.add_comment(incident, "Звонили", by=None, at=bridge.now)
    bridge.backend.fail("put_comment", Ambiguous("lost"), after=True)
    bridge.push()
    bridge.pull()
    bridge.wait(minutes=1)
    bridge.push()
    # Counted twice, ours would stand for this one, and our next write would hide whose it is.
    bridge.backend.say(ref, "anna", "Бригада выехала")
    set_type(bridge, incident, "power-rf")
    bridge.push()
    bridge.sync()
    assert any("Бригада выехала" in note.text for note in Comment.objects.filter(incident=incident))
    assert bridge.link(incident).comment_count == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_whoever_looks_for_quiet_changes_does_not_stand_in_the_way_of_people(bridge: Bridge) -> None:
    import threading

    from django.db import connection, transaction

    from tracker_bridge import sweeping

    incident = bridge.open()
    bridge.sync()
    Incident.objects.update(has_news=True)

    def look() -> None:
        sweeping.note_quiet_changes(bridge.mirror, bridge.now)
        connection.close()

    looking = threading.Thread(target=look)
    with transaction.atomic():
        services.locked(incident)
        looking.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        with connection.cursor() as cursor:
            while cursor.execute(waits).fetchone() == (0,):
                cursor.execute("SELECT pg_sleep(0.02)")
        # Each would wait for the other, if the job were written before the incident is held.
        set_type(bridge, incident, "power-rf")
    looking.join()
    assert Job.objects.filter(state=Job.State.WAITING, kind=Job.Kind.STATE).count() == 1
