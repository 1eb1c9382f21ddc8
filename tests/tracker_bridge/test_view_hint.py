"""Hints of the tracker's trigger: a known secret, a key of our queue, and nothing else that is believed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from config.tracker import SHORTEST_SECRET, WrongSetting, read_tracker
from demo.tracker import Tracker
from demo.tracker.tokens import Pair
from incidents import services
from incidents.models import Incident
from tests.factories import make_user
from tests.tracker_bridge.conftest import MEMORY, Bridge
from tracker_bridge import hints, tasks
from tracker_bridge.models import IssueLink
from tracker_bridge.views.hint import MOST_BYTES, wrong_secrets

pytestmark = pytest.mark.django_db

SECRET = "a secret of the trigger"
ADDRESS = "/tracker/hint/"


@pytest.fixture
def heard(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The keys that workers are asked to look at."""
    forget()
    settings.TRACKER = replace(MEMORY, queue="DISP", hook_secret=SECRET)
    asked: list[str] = []
    monkeypatch.setattr(hints, "wake", lambda task, key, expires: asked.append(key))
    yield asked
    forget()


def forget() -> None:
    for name in ("default", "calls"):
        caches[name].clear()


def send(body: Any = None, *, secret: str = SECRET, **more: Any) -> int:
    content = body if isinstance(body, bytes | str) else json.dumps(body or {"key": "DISP-41"})
    headers = more.pop("headers", {"X-Dispatch-Hook": secret})
    client = Client(enforce_csrf_checks=True)
    return client.post(ADDRESS, content, content_type="application/json", headers=headers, **more).status_code


def test_a_hint_is_taken_at_once(heard: list[str]) -> None:
    assert (send(), heard) == (202, ["DISP-41"])
    assert send({"key": "DISP-42"}, headers={"Authorization": f"Bearer {SECRET}"}) == 202
    assert heard == ["DISP-41", "DISP-42"]


def test_without_a_secret_in_the_settings_there_is_no_such_address(heard: list[str], settings: Any) -> None:
    settings.TRACKER = replace(settings.TRACKER, hook_secret="")
    assert (send(), send(secret=""), heard) == (404, 404, [])
    settings.TRACKER = None
    assert send() == 404


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], f"{SECRET} ", "секрет"])
def test_whoever_does_not_know_the_secret_is_not_heard(heard: list[str], secret: str) -> None:
    assert (send(secret=secret), heard) == (403, [])


def test_whoever_tries_secrets_waits(heard: list[str]) -> None:
    for number in range(wrong_secrets.failures):
        assert send(secret=f"try {number}") == 403
    assert send(secret="one more") == 429
    assert send() == 429
    assert send(REMOTE_ADDR="198.51.100.7") == 202


def test_hints_of_an_issue_that_is_going_to_be_looked_at_ask_for_nothing_more(heard: list[str]) -> None:
    assert [send() for _ in range(3)] == [202] * 3
    assert heard == ["DISP-41"]
    # A look begins: what changes from now on it may not see.
    tasks.hear("DISP-41")
    send()
    assert heard == ["DISP-41", "DISP-41"]


@pytest.mark.parametrize(
    "key", ["OTHER-1", "DISP-0", "DISP-", "disp-1", "DISP-1 ", "DISP-1/../../x", "DISP-" + "9" * 30]
)
def test_keys_that_are_not_of_the_queue_are_ignored(heard: list[str], key: str) -> None:
    assert (send({"key": key}), heard) == (202, [])


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", "[]", '"DISP-41"', '{"key": 41}', '{"issue": "DISP-41"}', "[" * 3000]
)
def test_what_names_no_key_is_refused(heard: list[str], body: bytes | str) -> None:
    assert (send(body), heard) == (400, [])


def test_a_long_body_is_not_read(heard: list[str]) -> None:
    assert send({"key": "DISP-41", "text": "x" * MOST_BYTES}) == 413
    assert heard == []


def test_only_the_key_is_believed(heard: list[str]) -> None:
    assert send({"key": "DISP-41", "status": "closed", "queue": "OTHER"}) == 202
    assert heard == ["DISP-41"]


def test_a_hint_costs_few_queries(heard: list[str], django_assert_max_num_queries: Any) -> None:
    send({"key": "DISP-1"})
    with django_assert_max_num_queries(8):
        send({"key": "DISP-2"})


def test_a_flood_is_cut_off_for_the_rest_of_the_minute(heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "MOST_A_MINUTE", 5)
    answers = [send({"key": f"DISP-{number}"}) for number in range(1, 13)]
    # The minute may change in between.
    assert answers[:5] == [202] * 5
    assert 429 in answers


def test_nobody_looks_at_the_address(heard: list[str]) -> None:
    assert Client().get(ADDRESS, headers={"X-Dispatch-Hook": SECRET}).status_code == 405


def test_a_short_secret_is_refused_when_dispatch_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_BACKEND", "memory")
    monkeypatch.setenv("TRACKER_HOOK_SECRET", "x" * (SHORTEST_SECRET - 1))
    with pytest.raises(WrongSetting, match="TRACKER_HOOK_SECRET"):
        read_tracker()
    monkeypatch.setenv("TRACKER_HOOK_SECRET", "x" * SHORTEST_SECRET)
    found = read_tracker()
    assert found
    assert found.hook_secret == "x" * SHORTEST_SECRET


def test_a_hint_of_an_issue_that_is_not_there_does_nothing(bridge: Bridge) -> None:
    tasks.hear("MEM-404")
    assert not Incident.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_change_over_there_is_here_as_soon_as_the_trigger_has_fired(
    live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a worker does; nobody reads changes by the clock in this test.
    monkeypatch.setattr(hints, "wake", lambda task, key, expires: tasks.hear(key))
    with Tracker(env={}) as server:
        there = {"queue": server.store.queue, "url": server.url, "pages": server.url, "organisation": "1234567"}
        settings.TRACKER = replace(
            MEMORY, backend="yandex", **there, access="demo-token", fields={}, hook_secret=SECRET
        )
        settings.INCIDENT_REACTIONS = {**settings.INCIDENT_REACTIONS, "*": ["tracker_bridge.reactions.note"]}
        incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
        tasks.push()
        link = IssueLink.objects.get(incident=incident)
        make_trigger(server, f"{live_server.url}{ADDRESS}")

        with server.lock:
            issue = server.store.find(link.key)
            step = next(each for each in server.store.steps_from(issue) if each.target == "inProgress")
            server.tokens.pairs.append(Pair("of-anna", "", server.store.user("anna"), time.time() + 60))
        call(server, f"issues/{link.key}/transitions/{step.id}/_execute", {}, token="of-anna")
        until = time.monotonic() + 20
        while status_of(incident) != "inProgress" and time.monotonic() < until:
            time.sleep(0.02)

        assert status_of(incident) == "inProgress"
        while not server.hooks.triggers[0].log and time.monotonic() < until:
            time.sleep(0.02)
        assert [each["status"] for each in server.hooks.triggers[0].log] == [202]


def make_trigger(server: Tracker, endpoint: str) -> None:
    """As docs/tracker.md describes it."""
    webhook = {
        "type": "Webhook",
        "endpoint": endpoint,
        "method": "POST",
        "contentType": "application/json; charset=UTF-8",
        "headers": {"X-Dispatch-Hook": SECRET},
        "body": '{"key": "{{issue.key}}"}',
    }
    conditions = [{"type": f"Event.{name}"} for name in ("create", "update", "comment-create")]
    call(
        server,
        f"queues/{server.store.queue}/triggers",
        {"name": "Dispatch", "conditions": conditions, "actions": [webhook]},
    )


def call(server: Tracker, path: str, body: dict[str, Any], token: str = "demo-token") -> None:
    headers = {"Authorization": f"OAuth {token}", "X-Org-ID": "1234567"}
    requests.post(f"{server.url}/v3/{path}", json=body, headers=headers, timeout=5).raise_for_status()


def status_of(incident: Incident) -> str:
    return Incident.objects.select_related("status").get(pk=incident.pk).status.key
