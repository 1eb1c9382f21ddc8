"""A worker killed before or after any call to the tracker: nothing stands there twice, and nothing is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from demo.tracker import Tracker
from demo.tracker.records import Issue
from incidents import services
from incidents.events import record
from incidents.models import Incident, IncidentEmail, IncidentType, Status
from mailbox import store
from mailbox.models import Attachment
from tests.factories import make_email, make_user
from tests.tracker_bridge.test_whole import LOCAL, backend, rest, server
from tracker_bridge.models import IssueLink, Job
from tracker_bridge.protocol import TrackerBackend

__all__ = ["backend", "server"]

# More than the calls that an incident takes: the last ones die of nothing.
CALLS = 11
# Forks that die at one call each, one incident after another.
CHILD = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone
name, settings.LETTER_STORE, *points = sys.argv[1:]
connection.settings_dict["NAME"] = name
import requests
from tracker_bridge import backends, mirrors, pushing
from tracker_bridge.models import Job
real = requests.Session.request
def die(*given, **named):
    global left
    left -= 1
    if not left and way == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = real(*given, **named)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
for point in points:
    incident, way, left = point.split(":")
    left = int(left)
    connections.close_all()
    child = os.fork()
    if not child:
        now = timezone.now()
        Job.objects.filter(incident=incident).update(not_before=now)
        requests.Session.request = die
        pushing.push(backends.load(settings.TRACKER), mirrors.row(now), now=timezone.now)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    yield
    connection.close()


def opened(by: Any, number: int) -> Incident:
    """An incident with all that can be told of it: fields, a status, a note, a letter with a file."""
    now = timezone.now()
    incident = services.open_by_hand(f"Нет питания {number}", by=by, at=now)
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=by, at=now)
    services.change_status(incident, Status.objects.get(key="inProgress"), by=by, at=now)
    services.add_comment(incident, f"Звонили {number}", by=by, at=now)
    email, content = make_email(text=f"Письмо {number}"), b"%PDF " + str(number).encode()
    facts = {"name": "акт.pdf", "content_type": "application/pdf", "size": len(content)}
    Attachment.objects.create(email=email, sha256=store.put(content), **facts)
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    record(incident, "letter", actor=None, at=now, email=email.pk)
    return incident


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_killed_between_any_two_steps_it_doubles_and_loses_nothing(server: Tracker, backend: TrackerBackend) -> None:
    by = make_user()
    ways = [("after", call) for call in range(1, CALLS + 1)] + [("before", call) for call in (3, 6, 9)]
    incidents = [opened(by, number) for number, _ in enumerate(ways)]
    Job.objects.update(not_before=timezone.now() + timedelta(hours=1))
    points = [f"{incident.pk}:{way}:{call}" for incident, (way, call) in zip(incidents, ways, strict=True)]
    run_child(server, points)
    left = Job.objects.filter(state=Job.State.WAITING)
    # Each of them died with a job in its hands, but for those that had no call left to die of.
    assert left.exclude(leased_until=None).count() >= len(points) - 6
    left.update(leased_until=timezone.now() - timedelta(seconds=1))

    rest()

    assert len(server.store.issues) == IssueLink.objects.count() == len(incidents)
    for incident in incidents:
        check(server.store.issues[IssueLink.objects.get(incident=incident).remote_id], incident)
    assert not Job.objects.exclude(state=Job.State.DONE).exists()


def check(issue: Issue, incident: Incident) -> None:
    assert (issue.status, issue.values[LOCAL]) == ("inProgress", "Авария по питанию РФ")
    number = incident.subject.rpartition(" ")[2]
    words = Counter(line for comment in issue.comments for line in comment.text.splitlines())
    assert (words[f"Звонили {number}"], words[f"Письмо {number}"], len(issue.comments)) == (1, 1, 2)
    assert sorted(len(comment.files) for comment in issue.comments) == [0, 1]
    assert Incident.objects.get(pk=incident.pk).status.key == "inProgress"


def run_child(server: Tracker, points: list[str]) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TRACKER_BACKEND": "yandex",
        "TRACKER_CALLS_PER_SECOND": "0",
        "YT_API_URL": server.url,
        "YT_QUEUE": server.store.queue,
        "YT_ORGANIZATION_ID": "1",
        "YT_ACCESS_TOKEN": "demo-token",
        "YT_TYPE_OF_INCIDENT_LOCAL_FIELD_ID": "typeOfProblem",
        "YT_DATABASE_ID_GLOBAL_FIELD_ID": "incidentDbId",
        "YT_SLA_DEADLINE_GLOBAL_FIELD_ID": "slaDeadline",
    }
    command = [sys.executable, "-c", CHILD, connection.settings_dict["NAME"], str(project.LETTER_STORE), *points]
    done = subprocess.run(command, cwd=project.BASE_DIR, env=environment, timeout=200, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
