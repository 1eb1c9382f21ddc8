"""The command that checks, tries out and synchronises; imports are in test_importing.py."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident
from tests.factories import NOW, make_incident, make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import checking, fields
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.protocol import Problem


def run(*options: str) -> str:
    out = StringIO()
    call_command("sync_tracker", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def queue(bridge: Bridge) -> Bridge:
    """Issues from before the mirror: one of an incident by number, one by code, one of nobody."""
    bridge.backend.now = NOW - timedelta(days=9)
    numbered, coded = make_incident(subject="Первая"), make_incident(subject="Вторая", code="NT-700")
    bridge.backend.create("anna", "Первая", database_id=numbered.pk, type="Авария ВОЛС")
    bridge.backend.create("anna", f"{coded.code}: Вторая")
    bridge.backend.create("anna", "Заведена руками")
    make_incident(subject="Без задачи")
    bridge.backend.now = NOW
    return bridge


def test_a_dry_run_tells_all_and_writes_nothing(queue: Bridge) -> None:
    before = Incident.objects.count()
    said = run("--dry-run")
    assert "3 issues: 0 known, 2 would be joined, 1 would become incidents, 0 left alone; 1 new issue." in said
    assert "NT-700: would be joined: NT-700: Вторая" in said
    assert "here: type: — → Авария ВОЛС" in said
    assert "there: is_new_message: — →" in said
    assert "would become an incident: Заведена руками" in said
    assert "would get an issue: Без задачи" in said
    assert not IssueLink.objects.exists()
    assert not Job.objects.exists()
    assert Incident.objects.count() == before
    assert not {"update_fields", "set_status", "put_comment", "ensure_issue"} & set(queue.calls())


def test_a_dry_run_before_the_mirror_was_ever_on_does_not_switch_it_on(queue: Bridge) -> None:
    Mirror.objects.all().delete()
    assert "3 issues" in run("--dry-run")
    assert not Mirror.objects.exists()


def test_a_dry_run_tells_what_has_changed_on_both_sides_since(bridge: Bridge) -> None:
    incident = bridge.open("Нет питания")
    bridge.sync()
    assert "1 issue: 1 known" in run("--dry-run")
    bridge.backend.edit(bridge.issue(incident).ref, "anna", type="Авария ВОЛС", contractor="Кто-то")
    said = run("--dry-run")
    assert "here: type: — → Авария ВОЛС" in said
    assert "there: contractor: Кто-то → —, put back" in said


def test_a_check_names_each_problem_and_fails_if_nothing_can_be_mirrored(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "All is there." in run("--check")
    monkeypatch.setattr(bridge.backend, "check", lambda: [Problem("field", "There is no field")])
    assert "field: There is no field\n" in (said := run("--check"))
    assert "1 problem; the mirror works." in said
    assert bridge.mirror.state == "running"
    monkeypatch.setattr(bridge.backend, "check", lambda: [Problem("queue", "There is no queue", is_fatal=True)])
    with pytest.raises(CommandError, match="1 problem;"):
        run("--check")
    assert bridge.mirror.state == "misconfigured"


def test_a_check_names_dispatchers_who_are_nobody_over_there(bridge: Bridge) -> None:
    make_user(username="anna", first_name="Анна", last_name="Берег")
    make_user(username="nina", first_name="Нина", last_name="Утёсова")
    said = run("--check")
    assert "Утёсова" in said
    assert "Берег" not in said


def test_a_check_knows_every_word_that_is_written_for_the_deadline() -> None:
    incident = Incident(opened_at=NOW)
    said = {fields.sla_state(incident, NOW)}
    incident.clock_left = timedelta(hours=1)
    said.add(fields.sla_state(incident, NOW))
    for due, closed in ((-1, None), (1, None), (1, 0), (-1, 0)):
        incident.due_at = NOW + timedelta(hours=due)
        incident.closed_at = None if closed is None else NOW
        said.add(fields.sla_state(incident, NOW))
    assert said == set(checking.SLA_STATES)


def test_without_a_tracker_it_says_what_to_set(db: None) -> None:
    with pytest.raises(CommandError, match="TRACKER_BACKEND"):
        run()
