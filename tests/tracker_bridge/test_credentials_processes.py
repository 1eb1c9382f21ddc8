"""Processes that renew at the same time, and ones that die in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from config.tracker import TrackerSettings
from demo.tracker import Tracker
from tests.factories import NOW
from tests.tracker_bridge.conftest import MEMORY
from tracker_bridge import credentials
from tracker_bridge.credentials import Stored
from tracker_bridge.models import Credentials
from tracker_bridge.oauth import Pair
from tracker_bridge.protocol import AuthNeeded

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

CHILD = """
import json, os, signal, sys
import django
from django.db import connection
django.setup()
given = json.loads(sys.argv[1])
connection.settings_dict["NAME"] = given["database"]
from config.tracker import TrackerSettings
from tracker_bridge import credentials, oauth

def killed_after(work):
    def then(*given):
        work(*given)
        os.kill(os.getpid(), signal.SIGKILL)
    return then

if given["dies"] == "before it is written":
    oauth.by_refresh = killed_after(oauth.by_refresh)
if given["dies"] == "before it is used":
    credentials.renew = killed_after(credentials.renew)
keys = credentials.Stored(TrackerSettings(**given["tracker"]))
old = keys.current()
print("ready", flush=True)
sys.stdin.readline()
print(keys.renewed(old), flush=True)
"""


@pytest.fixture
def server() -> Iterator[Tracker]:
    with Tracker(env={}) as running:
        yield running


@pytest.fixture
def tracker(server: Tracker) -> TrackerSettings:
    names = {"backend": "yandex", "oauth_url": f"{server.url}/oauth", "access": "demo-token", "refresh": "demo-refresh"}
    return replace(MEMORY, client_id="demo-client", client_secret="demo-secret", **names)  # type: ignore[arg-type]


class Child:
    """A process that has the token in force, and renews it when it is told to."""

    def __init__(self, tracker: TrackerSettings, dies: str = "") -> None:
        given = {"database": connection.settings_dict["NAME"], "tracker": asdict(tracker), "dies": dies}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(settings.BASE_DIR),
            env=os.environ,
        )

    def is_ready(self) -> bool:
        assert self.process.stdout
        return self.process.stdout.readline() == "ready\n"

    def renew(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("now\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        said = self.process.communicate(timeout=60)[0].strip()
        return self.process.returncode, said


def wait_until_the_lock_is_free() -> None:
    """The database notices the death of a process a moment later."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while cursor.execute(held, [credentials.LOCK_CLASS]).fetchone()[0] and time.monotonic() < until:
            time.sleep(0.02)


def test_two_processes_that_are_refused_at_once_renew_once(tracker: TrackerSettings, server: Tracker) -> None:
    credentials.stored(tracker, NOW)
    children = [Child(tracker), Child(tracker)]
    assert all([each.is_ready() for each in children])
    # The second one comes while the first one waits for its answer.
    server.tokens.slow = 0.5
    for each in children:
        each.renew()
    fresh = [each.end() for each in children]
    assert server.tokens.granted == 1
    assert fresh == [(0, server.tokens.pairs[0].access)] * 2


def test_a_process_killed_after_writing_has_lost_nothing(tracker: TrackerSettings, server: Tracker) -> None:
    child = Child(tracker, dies="before it is used")
    assert child.is_ready()
    child.renew()
    assert child.end() == (-signal.SIGKILL, "")
    keys = Stored(tracker)
    assert keys.current() == server.tokens.pairs[0].access
    assert keys.renewed("demo-token") == keys.current()
    assert server.tokens.granted == 1


def test_a_pair_that_was_given_to_a_process_that_died_before_writing_it_needs_a_person(
    tracker: TrackerSettings, server: Tracker
) -> None:
    child = Child(tracker, dies="before it is written")
    assert child.is_ready()
    child.renew()
    assert child.end() == (-signal.SIGKILL, "")
    assert server.tokens.granted == 1
    assert credentials.was_cut_short(Credentials.objects.get())
    wait_until_the_lock_is_free()

    keys = Stored(tracker)
    with pytest.raises(AuthNeeded, match="invalid_grant"):
        keys.renewed(keys.current())
    kept = Credentials.objects.get()
    assert kept.is_refused
    assert not credentials.was_cut_short(kept)

    credentials.save(tracker, Pair(server.tokens.pairs[0].access), now=NOW)
    assert Stored(tracker).current() == server.tokens.pairs[0].access
