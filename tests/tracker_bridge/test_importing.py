"""The first import of a queue: what becomes of its issues, and that it may be stopped anywhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection

from demo.tracker import Tracker
from incidents.models import Comment, Incident, IncidentEmail, Status
from tests.factories import NOW, make_email, make_incident
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.test_sync_tracker import run
from tracker_bridge import importing, sweeping, workflow
from tracker_bridge.models import Import, IssueLink, Job
from tracker_bridge.protocol import Ambiguous, AuthNeeded, IssueDraft, RemoteIssue, RemoteRef, Transient

CHILD = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from tracker_bridge import pulling
left = int(sys.argv[2])
take = pulling.take
def taken(*given, **named):
    global left
    left -= 1
    done = take(*given, **named)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
pulling.take = taken
call_command("sync_tracker", "--import")
"""


def before(bridge: Bridge, summary: str, **fields: Any) -> RemoteIssue:
    """An issue from before the mirror."""
    bridge.backend.now = NOW - timedelta(days=9)
    issue = bridge.backend.create("anna", summary, **fields)
    bridge.backend.now = NOW
    return issue


def imported(bridge: Bridge, **given: Any) -> Import:
    asked = {"since": None, "now": lambda: bridge.now, "pause": lambda length: None, **given}
    return list(importing.run(bridge.backend, bridge.mirror, **asked))[-1]


def test_issues_are_joined_or_become_incidents_and_open_incidents_get_issues(bridge: Bridge) -> None:
    numbered, coded = make_incident(subject="Первая"), make_incident(subject="Вторая", code="NT-700")
    before(bridge, "Первая", database_id=numbered.pk, type="Авария ВОЛС")
    before(bridge, f"{coded.code}: Вторая")
    by_hand = before(bridge, "Заведена руками")
    alone = make_incident(subject="Без задачи")
    row = imported(bridge)
    assert (row.read, row.known, row.linked, row.opened, row.failed, row.created) == (3, 0, 2, 1, 0, 1)
    assert (row.percent, row.total, row.ended_at) == (100, 3, NOW)
    numbered.refresh_from_db()
    assert numbered.type is not None
    assert numbered.type.name_ru == "Авария ВОЛС"
    adopted = IssueLink.objects.get(remote_id=by_hand.ref.id).incident
    assert adopted.subject == "Заведена руками"
    assert adopted.opened_at == by_hand.created_at
    bridge.sync()
    assert bridge.issue(alone).is_ours
    again = imported(bridge)
    assert (again.read, again.known, again.linked, again.opened, again.created) == (4, 4, 0, 0, 0)
    assert Incident.objects.count() == 4


def test_a_number_alone_proves_nothing(bridge: Bridge) -> None:
    """It may be that of the predecessor's database."""
    ours = make_incident(subject="Пропало питание на KI0075")
    foreign = before(bridge, "Обрыв кабеля", database_id=ours.pk)
    assert imported(bridge).opened == 1
    assert IssueLink.objects.get(remote_id=foreign.ref.id).incident_id != ours.pk


def heard(incident: Incident, *moments: datetime) -> None:
    """Letters of the incident at these moments."""
    for number, at in enumerate(moments):
        email = make_email(received_at=at, subject=f"Письмо {number}", text=f"Письмо {number}")
        IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=1)


def told(bridge: Bridge, ref: RemoteRef) -> list[str]:
    """What we have written into the issue, in its order."""
    comments = [each.text for each in bridge.backend.comments(ref) if each.idem]
    return [found[0] for text in comments if (found := re.findall(r"Письмо \d|Заметка", text))]


def test_an_issue_of_the_predecessor_is_known_by_its_first_letter(bridge: Bridge) -> None:
    opened = NOW - timedelta(days=9, minutes=1)
    ours = make_incident(subject="Пропало питание", opened_at=opened)
    make_incident(subject="Пропало питание", opened_at=opened + timedelta(hours=3))
    issue = before(bridge, "Пропало питание", email_datetime=opened + timedelta(seconds=30), database_id=77_000)
    row = imported(bridge)
    assert (row.linked, row.opened, row.created) == (1, 0, 1)
    assert IssueLink.objects.get(remote_id=issue.ref.id).incident_id == ours.pk


def test_letters_that_stand_in_the_predecessors_issue_are_not_told_again(bridge: Bridge) -> None:
    incident = make_incident(subject="Первая", code="NT-700")
    heard(incident, NOW - timedelta(days=8), NOW - timedelta(days=7))
    Comment.objects.create(incident=incident, text="Заметка", at=NOW - timedelta(days=6))
    issue = before(bridge, "NT-700: Первая")
    bridge.backend.say(issue.ref, "robot", "Письмо получено")
    imported(bridge)
    heard(incident, NOW + timedelta(minutes=1))
    bridge.wait(minutes=2)
    sweeping.add_missing_letters(bridge.mirror, bridge.now)
    bridge.sync()
    assert told(bridge, issue.ref) == ["Письмо 0"]
    assert IssueLink.objects.get().told_from == NOW


def test_an_issue_that_nobody_has_written_into_is_told_all_in_the_order_of_time(bridge: Bridge) -> None:
    incident = make_incident(subject="Первая", code="NT-700")
    heard(incident, NOW - timedelta(days=8), NOW - timedelta(days=5))
    Comment.objects.create(incident=incident, text="Заметка", at=NOW - timedelta(days=6))
    issue = before(bridge, "NT-700: Первая")
    imported(bridge)
    bridge.sync()
    assert told(bridge, issue.ref) == ["Письмо 0", "Заметка", "Письмо 1"]


def test_an_incident_that_gets_an_issue_tells_all_that_was_before_in_the_order_of_time(bridge: Bridge) -> None:
    incident = make_incident(subject="Без задачи")
    heard(incident, NOW - timedelta(days=8), NOW - timedelta(days=5))
    Comment.objects.create(incident=incident, text="Заметка", at=NOW - timedelta(days=6))
    assert imported(bridge).created == 1
    bridge.wait(seconds=1)
    bridge.sync()
    assert told(bridge, bridge.issue(incident).ref) == ["Письмо 0", "Заметка", "Письмо 1"]
    assert sweeping.add_missing_letters(bridge.mirror, bridge.now) == 0


def test_an_issue_becomes_an_incident_where_it_stands_in_the_workflow(bridge: Bridge) -> None:
    workflow_of = {"open": ["inProgress"], "inProgress": ["peredanoPodradciku"]}
    bridge.backend.workflow = workflow_of
    issue = before(bridge, "У подрядчика", status="peredanoPodradciku")
    imported(bridge)
    link = IssueLink.objects.get(remote_id=issue.ref.id)
    assert link.incident.status.key == "peredanoPodradciku"
    bridge.sync()
    assert bridge.backend.get_issue(issue.ref).status == "peredanoPodradciku"
    assert not bridge.backend.comments(issue.ref)


def test_issues_that_the_same_robot_made_before_become_incidents_too(bridge: Bridge) -> None:
    bridge.backend.now = NOW - timedelta(days=9)
    bridge.backend.ensure_issue(IssueDraft("Задача предшественника", ""), idem="1041")
    assert imported(bridge).opened == 1
    assert Incident.objects.get().subject == "Задача предшественника"


def test_the_way_to_a_status_never_passes_one_that_sends_letters(db: None) -> None:
    status = {each.key: each for each in Status.objects.all()}
    keys = [each.key for each in workflow.way(status["new"], status["uvedomiliOZakrytii"])]
    assert keys == ["needAcceptance", "uvedomiliOZakrytii"]
    keys = [each.key for each in workflow.way(status["new"], status["peredanoPodradciku"])]
    assert keys == ["inProgress", "uvedomiliOperatora", "peredanoPodradciku"]
    assert workflow.way(status["new"], status["peredatPodradciku"]) == []
    assert workflow.way(status["new"], status["closed"]) == []
    assert workflow.way(status["new"], status["new"]) == []


def test_issues_that_are_closed_and_name_no_incident_stay_where_they_are(bridge: Bridge) -> None:
    before(bridge, "Давно закрыта", status="closed")
    row = imported(bridge)
    assert (row.read, row.opened) == (1, 0)
    assert not Incident.objects.exists()


def test_an_import_may_begin_at_a_day(bridge: Bridge) -> None:
    before(bridge, "Старая")
    assert imported(bridge, since=NOW - timedelta(days=1)).opened == 0
    assert imported(bridge, since=NOW - timedelta(days=30)).opened == 1


def test_an_issue_that_cannot_be_taken_in_keeps_no_other_away(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = before(bridge, "Плохая"), before(bridge, "Хорошая")
    take = importing.pulling.take

    def fails(*given: Any, **named: Any) -> int:
        if given[2].ref.id == bad.ref.id:
            raise ValueError("no such thing")
        return take(*given, **named)

    monkeypatch.setattr(importing.pulling, "take", fails)
    row = imported(bridge)
    assert (row.read, row.opened, row.failed) == (2, 1, 1)
    assert bad.ref.key in row.said
    monkeypatch.undo()
    assert imported(bridge).opened == 1
    assert {link.remote_id for link in IssueLink.objects.all()} == {bad.ref.id, good.ref.id}


def test_a_tracker_that_fails_is_waited_for(bridge: Bridge) -> None:
    before(bridge, "Одна")
    pauses: list[timedelta] = []
    bridge.backend.fail("changes", Transient("later", retry_after=timedelta(seconds=40)))
    bridge.backend.fail("changes", Ambiguous("cut"))
    assert imported(bridge, pause=pauses.append).opened == 1
    assert pauses == [timedelta(seconds=40), timedelta(seconds=5)]


def test_an_import_that_a_token_stopped_says_so_and_goes_on(bridge: Bridge) -> None:
    before(bridge, "Одна")
    bridge.backend.fail("changes", AuthNeeded("no token"))
    with pytest.raises(AuthNeeded):
        imported(bridge)
    row = Import.objects.get()
    assert row.said == "AuthNeeded: no token"
    assert row.is_cut_off(NOW + timedelta(minutes=5))
    assert imported(bridge).pk == row.pk
    assert Import.objects.get().said == ""


def test_one_with_another_day_begins_anew(bridge: Bridge) -> None:
    bridge.backend.fail("changes", AuthNeeded("no token"))
    with pytest.raises(AuthNeeded):
        imported(bridge)
    imported(bridge, since=NOW)
    assert Import.objects.count() == 2
    assert not Import.objects.filter(ended_at=None).exists()


def test_it_says_how_much_is_left() -> None:
    row = Import(began_at=NOW, moved_at=NOW, total=200, read=50, seconds=10)
    assert row.percent == 25
    assert row.left == timedelta(seconds=30)
    assert Import(began_at=NOW, moved_at=NOW).percent is None


def test_the_command_tells_how_far_it_is(bridge: Bridge) -> None:
    for number in range(4):
        before(bridge, f"Задача {number}")
    said = run("--import")
    assert " 25 %: 4 issues" in said
    assert "4 issues in 1 s: 0 known, 0 joined, 4 became incidents, 0 left alone." in said
    assert Job.objects.filter(kind=Job.Kind.STATE).count() <= 4


# --- killed in the middle


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(env={}, wait=1) as running:
        yield running


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_import_that_was_killed_goes_on_and_doubles_nothing(tracker: Tracker) -> None:
    with tracker.lock:
        for number in range(12):
            store = tracker.store
            store.create({"queue": store.queue, "summary": f"Задача {number}"}, tracker.person())
    assert _child(tracker, dies_after=5) == -signal.SIGKILL
    row = Import.objects.get()
    assert row.ended_at is None
    assert row.read == 4
    assert row.is_cut_off(datetime.now(UTC) + timedelta(minutes=3))
    assert _child(tracker, dies_after=10_000) == 0
    row.refresh_from_db()
    assert row.ended_at is not None
    # The fifth was taken in and not counted before the kill.
    assert (row.total, row.read, row.opened) == (12, 11, 11)
    assert Incident.objects.count() == IssueLink.objects.count() == 12
    assert len(set(IssueLink.objects.values_list("remote_id", flat=True))) == 12


def _child(tracker: Tracker, *, dies_after: int) -> int:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TRACKER_BACKEND": "yandex",
        "YT_API_URL": tracker.url,
        "YT_QUEUE": tracker.store.queue,
        "YT_ORGANIZATION_ID": "1",
        "YT_ACCESS_TOKEN": "demo-token",
    }
    command = [sys.executable, "-c", CHILD, connection.settings_dict["NAME"], str(dies_after)]
    return subprocess.run(command, cwd=project.BASE_DIR, env=environment, timeout=60, check=False).returncode
