"""The whole mirror against the look-alike over HTTP: what a day of both sides' work leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from demo.tracker import Tracker
from incidents import services
from incidents.models import Incident, IncidentEvent, IncidentType
from tests.factories import make_pole, make_user
from tests.tracker_bridge.conftest import ALL_FIELDS, MEMORY
from tracker_bridge import backends, people, tasks
from tracker_bridge.models import Conflict, IssueLink, Job, Mirror
from tracker_bridge.protocol import TrackerBackend

pytestmark = pytest.mark.django_db

LOCAL = "66b1aa00bb11cc22dd33ee44--typeOfProblem"
REMOTE = {
    "type": "typeOfProblem",
    "database_id": "incidentDbId",
    "email_ids": "emailIds",
    "pole": "poleNumber",
    "base_station": "baseStation",
    "email_datetime": "emailDatetime",
    "is_new_message": "isNewMessage",
    "sla_deadline": "slaDeadline",
    "sla_state": "isSlaExpired",
    "operator": "operatorName",
    "contractor": "avrName",
}


@pytest.fixture
def server() -> Iterator[Tracker]:
    with Tracker(env={}, wait=1) as running:
        yield running


@pytest.fixture
def backend(server: Tracker, settings: Any) -> Iterator[TrackerBackend]:
    assert set(REMOTE) == set(ALL_FIELDS)
    settings.TRACKER = replace(
        MEMORY,
        backend="yandex",
        queue="DISPATCH",
        organisation="1",
        url=server.url,
        pages=server.url,
        oauth_url=f"{server.url}/oauth",
        client_id="demo-client",
        client_secret="demo-secret",
        access="demo-token",
        refresh="demo-refresh",
        fields=REMOTE,
    )
    settings.INCIDENT_REACTIONS = {**settings.INCIDENT_REACTIONS, "*": ["tracker_bridge.reactions.note"]}
    backends._made.cache_clear()
    yield backends.load(settings.TRACKER)
    backends._made.cache_clear()


def rest() -> None:
    """Both ways until nothing is left, faults or not."""
    for _ in range(30):
        Job.objects.filter(state=Job.State.WAITING).update(not_before=timezone.now() - timedelta(seconds=1))
        Mirror.objects.update(paused_until=None)
        if not tasks.push() + tasks.pull() and not Job.objects.filter(state=Job.State.WAITING).exists():
            return
    raise AssertionError("the two sides do not come to rest")


def test_a_day_on_both_sides_ends_equal(server: Tracker, backend: TrackerBackend) -> None:
    anna = make_user(username="anna", email="anna@tower.example")
    assert tasks.check() == 0
    assert people.user("yandex", "anna") == anna
    incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
    services.link_asset(incident, pole=make_pole("41960-P-43-1-1"), station=None, by=None, at=timezone.now())
    rest()
    link = IssueLink.objects.get()
    issue = server.store.find(link.remote_id)
    assert (issue.status, issue.values["poleNumber"]) == ("new", "41960-P-43-1-1")
    with server.lock:
        server.store.execute(issue, "new-inProgress", {}, server.person("anna"))
        server.store.patch(issue, {LOCAL: "Авария по питанию РФ"}, server.person("anna"), None, None)
        server.store.comment(issue, {"text": "Еду"}, server.person("anna"))
    services.add_comment(incident, "Позвонили подрядчику", by=anna, at=timezone.now())
    rest()
    incident = Incident.objects.select_related("status", "type").get(pk=incident.pk)
    assert incident.status.key == "inProgress"
    assert incident.type == IncidentType.objects.get(key="power-rf")
    assert issue.values["slaDeadline"][:16] == f"{incident.due_at:%Y-%m-%dT%H:%M}"
    assert sorted(incident.comments.values_list("text", flat=True)) == ["Еду", "Позвонили подрядчику"]
    assert IncidentEvent.objects.get(incident=incident, kind="status_changed").actor == anna
    assert not Conflict.objects.exists()
    versions = issue.version
    rest()
    assert issue.version == versions


def test_failures_on_the_way_double_and_lose_nothing(server: Tracker, backend: TrackerBackend) -> None:
    by = make_user()
    server.fail(kind="drop", after=True, method="POST", path="/issues/$")
    server.fail(status=502, after=True, method="POST", path="/comments")
    server.fail(status=500, after=True, method="POST", path="/_execute")
    server.fail(kind="html", method="PATCH")
    server.fail(status=429, retry_after="1", method="POST", path="/_search")
    incidents = [services.open_by_hand(f"Заявка {n}", by=by, at=timezone.now()) for n in range(3)]
    for incident in incidents:
        services.add_comment(incident, "звонок", by=by, at=timezone.now())
    rest()
    server.tokens.expire()
    for incident in incidents:
        services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=by, at=timezone.now())
    rest()
    assert len(server.store.issues) == 3
    for issue in server.store.issues.values():
        assert issue.values[LOCAL] == "Авария по питанию РФ"
        assert (issue.status, len(issue.comments)) == ("new", 1)
    assert not Job.objects.filter(state=Job.State.DEAD).exists()


def test_an_issue_that_was_moved_to_another_queue_clears_nothing_here(server: Tracker, backend: TrackerBackend) -> None:
    by = make_user()
    incident = services.open_by_hand("Нет питания", by=by, at=timezone.now())
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=by, at=timezone.now())
    rest()
    link = IssueLink.objects.get()
    with server.lock:
        issue = server.store.move(server.store.find(link.remote_id), server.store.other_queue, server.person("anna"))
    assert LOCAL not in issue.values
    tasks.hear(link.remote_id)
    services.link_asset(incident, pole=make_pole("41960-P-43-1-1"), station=None, by=by, at=timezone.now())
    services.add_comment(incident, "Звонили", by=by, at=timezone.now())
    rest()
    incident.refresh_from_db()
    assert incident.type == IncidentType.objects.get(key="power-rf")
    link.refresh_from_db()
    assert (link.state, issue.values["poleNumber"]) == (IssueLink.State.LEFT, "41960-P-43-1-1")
    assert not Conflict.objects.exists()


def test_a_comment_that_was_rewritten_before_a_write_of_ours_is_read_all_the_same(
    server: Tracker, backend: TrackerBackend
) -> None:
    by = make_user()
    incident = services.open_by_hand("Нет питания", by=by, at=timezone.now())
    rest()
    issue = server.store.find(IssueLink.objects.get().remote_id)
    with server.lock:
        comment = server.store.comment(issue, {"text": "Еду"}, server.person("anna"))
    rest()
    with server.lock:
        server.store.rewrite(issue, comment, "Никто не едет", server.person("anna"))
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=by, at=timezone.now())
    tasks.push()
    rest()
    assert issue.writer is server.store.robot
    assert any("Никто не едет" in text for text in incident.comments.values_list("text", flat=True))
