"""A step that sends, taken by several processes or by one that dies in the middle: one letter, one move."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from incidents import notices, services
from incidents.models import Incident, Notice, Status
from mailbox import outbox
from mailbox.models import Outgoing
from tests.factories import make_incident, make_user
from tests.smtp_server import SmtpServer, smtp_server

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ACCEPTED, TOLD = "uvedomlaemOperatora", "uvedomiliOperatora"
REACTIONS = {"sending": ["incidents.notices.on_status"]}

# A process of its own: takes the step, or follows the letters; it may be told where to die.
CHILD = """
import os, signal, sys
import django
from django.conf import settings
django.setup()
from django.db import connection
from django.utils import timezone
name, store, port, deed, place = sys.argv[1:6]
connection.settings_dict["NAME"] = name
settings.LETTER_STORE, settings.EMAIL_HOST, settings.EMAIL_PORT = store, "127.0.0.1", int(port)
settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
settings.EMAIL_HOST_USER, settings.DEFAULT_FROM_EMAIL = "", "desk@towers.example"
settings.INCIDENT_REACTIONS, settings.SEND_UNDO_SECONDS = {"sending": ["incidents.notices.on_status"]}, 0
from dispatchers.models import User
from incidents import notices, services
from incidents.models import Incident, Status
from mailbox import outbox

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if place == "moved":
    real = services._move
    services._move = lambda *args, **kwargs: (real(*args, **kwargs), die())
if "step" in deed:
    to = Status.objects.get(key="uvedomlaemOperatora")
    services.change_status(Incident.objects.get(), to, by=User.objects.get(), at=timezone.now())
if "settle" in deed:
    outbox.send_due(now=timezone.now)
    notices.settle(timezone.now())
"""


@pytest.fixture(autouse=True)
def _reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS, settings.SEND_UNDO_SECONDS = REACTIONS, 0


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


@pytest.fixture
def incident() -> Incident:
    make_user()
    return make_incident(status="inProgress", type="power-rf")


def start(server: SmtpServer, settings: Any, deed: str, place: str = "") -> subprocess.Popen[bytes]:
    name = connection.settings_dict["NAME"]
    arguments = [sys.executable, "-c", CHILD, name, settings.LETTER_STORE, server.port, deed, place]
    return subprocess.Popen([str(each) for each in arguments], cwd=settings.BASE_DIR, env=os.environ)


def finish(*children: subprocess.Popen[bytes]) -> list[int]:
    return [child.wait(timeout=120) for child in children]


def step(incident: Incident) -> None:
    by = incident.assignee or make_user()
    services.change_status(incident, Status.objects.get(key=ACCEPTED), by=by, at=timezone.now())


def send() -> None:
    soon = timezone.now() + timedelta(seconds=5)
    outbox.send_due(now=lambda: soon)


def now_at(incident: Incident) -> str:
    return Incident.objects.get(pk=incident.pk).status.key


def moves(incident: Incident) -> int:
    return incident.events.filter(kind="status_changed").count()


def test_two_processes_take_the_same_step_and_follow_the_same_letter(
    server: SmtpServer, settings: Any, incident: Incident
) -> None:
    assert finish(*(start(server, settings, "step and settle") for _ in range(2))) == [0, 0]
    send()
    notices.settle(timezone.now())

    assert Outgoing.objects.count() == Notice.objects.count() == 1
    assert (now_at(incident), moves(incident), len(server.letters)) == (TOLD, 1, 1)


def test_a_process_killed_before_its_step_is_committed_leaves_nothing_of_it(
    server: SmtpServer, settings: Any, incident: Incident
) -> None:
    assert finish(start(server, settings, "step", "moved")) == [-signal.SIGKILL]
    assert (now_at(incident), Outgoing.objects.count(), Notice.objects.count()) == ("inProgress", 0, 0)

    step(incident)
    send()
    notices.settle(timezone.now())
    assert (now_at(incident), len(server.letters)) == (TOLD, 1)


def test_a_process_killed_while_it_moves_the_status_on_is_followed_by_the_next_one(
    server: SmtpServer, settings: Any, incident: Incident
) -> None:
    step(incident)
    send()
    assert finish(start(server, settings, "settle", "moved")) == [-signal.SIGKILL]
    assert now_at(incident) == ACCEPTED

    for _ in range(2):
        send()
        notices.settle(timezone.now())
    assert (now_at(incident), moves(incident), len(server.letters)) == (TOLD, 1, 1)
