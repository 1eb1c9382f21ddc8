"""The command that checks, tries out and imports."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident
from tests.factories import NOW, make_incident
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import IssueLink, Job
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
    assert "3 issues: 0 known, 2 linked, 1 new incidents" in said
    assert "1 open incidents without an issue" in said
    assert not IssueLink.objects.exists()
    assert not Job.objects.exists()
    assert Incident.objects.count() == before
    assert not {"update_fields", "set_status", "put_comment", "ensure_issue"} & set(queue.calls())


def test_an_import_links_and_takes_in_once(queue: Bridge) -> None:
    run("--import")
    links = IssueLink.objects.all()
    assert links.count() == 3
    first = Incident.objects.get(subject="Первая")
    assert first.type is not None
    assert first.type.name_ru == "Авария ВОЛС"
    assert Incident.objects.filter(subject="Заведена руками").exists()
    assert "3 known, 0 linked, 0 new" in run("--import")
    run()
    assert IssueLink.objects.count() == 4
    assert Incident.objects.count() == 4


def test_an_import_may_begin_at_a_day(queue: Bridge) -> None:
    assert "0 issues" in run("--dry-run", "--since", "2026-08-17")
    with pytest.raises(CommandError, match="--since"):
        run("--dry-run", "--since", "вчера")


def test_a_check_names_each_problem_and_fails(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "All is there." in run("--check")
    monkeypatch.setattr(bridge.backend, "check", lambda: [Problem("queue", "There is no queue", is_fatal=True)])
    with pytest.raises(CommandError, match="1 problems"):
        run("--check")
    assert bridge.mirror.state == "misconfigured"


def test_without_a_tracker_it_says_what_to_set(db: None) -> None:
    with pytest.raises(CommandError, match="TRACKER_BACKEND"):
        run()
