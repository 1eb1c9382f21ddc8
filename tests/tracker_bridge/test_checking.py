"""What a check finds, and whether it says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from demo.tracker import Tracker
from demo.tracker.records import Step
from incidents import services
from mailbox import mailboxes
from tests import dovecot
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.test_sync_tracker import run
from tests.tracker_bridge.test_yandex import Keys
from tracker_bridge import checking, workflow
from tracker_bridge.backends.yandex import YandexBackend, YandexConfig
from tracker_bridge.backends.yandex import checking as yandex
from tracker_bridge.models import Job, TrackerPerson
from tracker_bridge.protocol import Problem
from tracker_bridge.statuses import Statuses

FIELDS = {"type": "typeOfProblem", "database_id": "incidentDbId", "sla_deadline": "slaDeadline", "pole": "poleNumber"}


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(env={}, wait=1) as running:
        yield running


def found(tracker: Tracker, token: str = "demo-token", **more: Any) -> dict[str, Problem]:
    config = YandexConfig("DISPATCH", "1", tracker.url, fields=FIELDS, **more)
    return {problem.code: problem for problem in YandexBackend(config, Keys(token)).check()}


def test_a_queue_that_is_set_up_has_no_problems(tracker: Tracker, db: None) -> None:
    with tracker.lock:
        for status in tracker.store.statuses:
            issue = tracker.store.create({"queue": "DISPATCH", "summary": status}, tracker.person())
            issue.status = status
    assert not found(
        tracker,
        statuses=Statuses({}).all_theirs(),
        steps=lambda: workflow.steps(Statuses({})),
        values=checking.values,
    )


def test_a_token_that_is_refused_says_where_to_connect(tracker: Tracker) -> None:
    (problem,) = found(tracker, token="wrong").values()
    assert problem.code == "token"
    assert problem.is_fatal


def test_a_robot_without_a_licence_or_rights_is_told_apart(tracker: Tracker) -> None:
    tracker.store.robot.has_license = False
    assert found(tracker).keys() <= {"organisation", "licence"}
    tracker.store.robot.has_license = True
    tracker.fail(path="checkPermissions", status=403)
    problem = found(tracker)["rights"]
    assert problem.is_fatal
    assert "robot-dispatch" in problem.words


def test_a_queue_that_is_not_there_names_the_key_and_who_looked(tracker: Tracker) -> None:
    config = YandexConfig("dispatch", "1", tracker.url)
    (problem,) = YandexBackend(config, Keys("demo-token")).check()
    assert problem.code == "queue"
    assert problem.is_fatal
    assert "dispatch" in problem.words


def test_a_step_that_the_workflow_lacks_is_named_by_its_statuses(tracker: Tracker) -> None:
    with tracker.lock:
        tracker.store.create({"queue": "DISPATCH", "summary": "Одна"}, tracker.person())
        tracker.store.steps = [Step("a", "В работе", "open", "inProgress")]
    steps = frozenset({("open", "inProgress"), ("open", "error"), ("closed", "inProgress")})
    problem = found(tracker, steps=lambda: steps)["step"]
    assert "«Открыт»" in problem.words or "“Открыт”" in problem.words
    assert "Ошибка" in problem.words
    assert "В работе" not in problem.words
    assert not problem.is_fatal


def test_a_missing_status_names_its_key(tracker: Tracker) -> None:
    assert "postponed" in found(tracker, statuses=frozenset({"postponed"}))["status"].words


def test_fields_of_another_type_without_options_or_closed_are_named(tracker: Tracker) -> None:
    with tracker.lock:
        fields = tracker.store.fields
        fields["slaDeadline"].type = "string"
        fields["poleNumber"].readonly = True
        del fields["incidentDbId"]
    problems = found(tracker, values=lambda: {"type": ("Авария ВОЛС", "Новый тип")})
    assert "slaDeadline" in problems["type"].words
    assert "datetime" in problems["type"].words
    assert "poleNumber" in problems["readonly"].words
    assert "incidentDbId" in problems["field"].words
    assert "Новый тип" in problems["option"].words
    assert "Авария ВОЛС" not in problems["option"].words


@pytest.mark.parametrize(("seconds", "way"), [(300, "clock"), (-300, "clock"), (5, "")])
def test_a_clock_that_is_wrong_is_told(seconds: int, way: str) -> None:
    said = datetime.now(UTC) - timedelta(seconds=seconds)
    problems = list(yandex._clock({"Date": said.strftime("%a, %d %b %Y %H:%M:%S GMT")}))
    assert [problem.code for problem in problems] == ([way] if way else [])
    assert not list(yandex._clock({}))


# --- the mailbox


@pytest.fixture
def server(settings: Any) -> Iterator[dovecot.Dovecot]:
    if not dovecot.is_installed():
        pytest.skip("needs Dovecot (apt install dovecot-imapd)")
    with dovecot.running() as running:
        settings.MAIL_ACCOUNT = running.account
        yield running


@pytest.mark.django_db
def test_a_mailbox_without_the_trackers_folders_is_named(server: dovecot.Dovecot) -> None:
    mailboxes.follow_settings()
    with server.client() as client:
        client.create_folder("YandexTrackerInbox")
    (problem,) = checking.mail_folders()
    assert "YandexTrackerArchive" in problem.words
    assert "YandexTrackerInbox" not in problem.words
    with server.client() as client:
        client.create_folder("YandexTrackerArchive")
    assert not checking.mail_folders()


# --- people


def test_an_administrator_names_a_login_that_no_comparison_changes(bridge: Bridge) -> None:
    nina = make_user(username="nina", last_name="Утёсова")
    assert "Утёсова" in run("--check")
    admin = Client()
    admin.force_login(make_user(role="administrator", username="anna"))
    answer = admin.post("/admin/tracker_bridge/trackerperson/add/", {"user": nina.pk, "login": "oleg"})
    assert answer.status_code == 302
    assert "Утёсова" not in run("--check")
    person = TrackerPerson.objects.get(user=nina)
    assert (person.login, person.backend, person.is_fixed) == ("oleg", "memory", True)


def test_incidents_of_somebody_who_is_found_later_get_their_assignee_over_there(bridge: Bridge) -> None:
    nina = make_user(username="nina")
    incident = bridge.open(by=nina)
    services.assign(incident, to=nina, by=nina, at=bridge.now)
    bridge.sync()
    assert "assignee" not in bridge.issue(incident).fields
    bridge.backend.logins.append("nina")
    checking.problems(bridge.backend, bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields["assignee"] == "nina"
    checking.problems(bridge.backend, bridge.now)
    assert not Job.objects.filter(state=Job.State.WAITING).exists()


def test_without_a_tracker_the_administration_has_no_logins_of_it(db: None) -> None:
    admin = Client()
    admin.force_login(make_user(role="administrator"))
    assert "trackerperson" not in admin.get("/admin/").content.decode()
