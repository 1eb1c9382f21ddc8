"""Rows that the pages of the mirror list, and what a page says of them."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from incidents.models import Incident
from tests.factories import make_incident
from tests.security.people import browser_of
from tracker_bridge.models import Conflict, IssueLink, Job

_numbers = count(1)


def make_link(incident: Incident | None = None, **over: Any) -> IssueLink:
    n, now = next(_numbers), timezone.now()
    facts = {"backend": "memory", "remote_id": f"made-{n}", "key": f"MADE-{n}", "url": f"http://t.example/MADE-{n}"}
    moments = {"changed_at": now, "linked_at": now}
    return IssueLink.objects.create(incident=incident or make_incident(), version="1", **{**facts, **moments, **over})


def make_job(state: str = "dead", incident: Incident | None = None, minutes: float = 0, **over: Any) -> Job:
    """Written, and ended if it is so, this long ago."""
    at = timezone.now() - timedelta(minutes=minutes)
    facts: dict[str, Any] = {"backend": "memory", "kind": "state", "made_at": at, "not_before": at}
    if state != Job.State.WAITING:
        facts |= {"ended_at": at, "attempts": 1}
    if state == Job.State.DEAD:
        facts |= {"error": "Refused", "said": "422 нельзя"}
    return Job.objects.create(state=state, incident=incident or make_incident(), **{**facts, **over})


def make_conflict(link: IssueLink | None = None, minutes: float = 0, **over: Any) -> Conflict:
    at = timezone.now() - timedelta(minutes=minutes)
    values = {"base": "Было", "ours": "Наше", "theirs": "Их", "field": "summary", "winner": "dispatch", "at": at}
    return Conflict.objects.create(link=link or make_link(), **{**values, **over})


def reader(person: User) -> Client:
    """A browser that wants English, as the tests do."""
    desk = browser_of(person)
    desk.cookies["django_language"] = "en"
    return desk


def page(desk: Client, address: str) -> str:
    response = desk.get(address)
    assert response.status_code == 200
    return response.content.decode()


def onward(text: str) -> str:
    """The address of the next page; empty on the last one."""
    found = re.search(r'rel="next" href="([^"]+)"', text)
    return found[1].replace("&amp;", "&") if found else ""


def queries(desk: Client, address: str) -> int:
    page(desk, address)
    with CaptureQueriesContext(connection) as asked:
        page(desk, address)
    return len(asked)
