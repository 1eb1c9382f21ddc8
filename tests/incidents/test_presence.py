"""Who looks and who types: kept cheaply, told at once, and forgotten by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from incidents import live_hub, presence
from incidents.models import Incident, IncidentEvent, Presence
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


def names(incident: Incident, person: Any, after: timedelta = timedelta()) -> list[tuple[str, bool]]:
    return [(each.person.last_name, each.is_typing) for each in presence.others(incident, person, NOW + after)]


def test_a_beat_is_seen_by_others_and_not_by_oneself() -> None:
    incident, me, other = make_incident(), make_user(), make_user(last_name="Седов")
    presence.beat(incident, other, typing=False, now=NOW)

    assert names(incident, me) == [("Седов", False)]
    assert names(incident, other) == []
    assert names(make_incident(), me) == []


def test_who_types_stands_first_until_he_stops_or_falls_silent() -> None:
    incident, me = make_incident(), make_user()
    first, second = make_user(last_name="Агеев"), make_user(last_name="Седов")
    presence.beat(incident, first, typing=False, now=NOW)
    presence.beat(incident, second, typing=True, now=NOW)
    assert names(incident, me) == [("Седов", True), ("Агеев", False)]

    assert names(incident, me, timedelta(seconds=13)) == [("Агеев", False), ("Седов", False)]
    presence.beat(incident, second, typing=False, now=NOW)
    assert names(incident, me) == [("Агеев", False), ("Седов", False)]


def test_one_lost_beat_is_forgiven_and_two_are_not() -> None:
    incident, me, other = make_incident(), make_user(), make_user(last_name="Седов")
    presence.beat(incident, other, typing=False, now=NOW)

    assert names(incident, me, timedelta(seconds=44)) != []
    assert names(incident, me, timedelta(seconds=46)) == []


def test_whoever_closes_the_page_is_gone_at_once() -> None:
    incident, me, other = make_incident(), make_user(), make_user()
    presence.beat(incident, other, typing=False, now=NOW)
    presence.leave(incident, other)

    assert names(incident, me) == []


def test_a_beat_is_one_statement_and_leaves_no_event(django_assert_num_queries: Any) -> None:
    incident, me = make_incident(), make_user()
    with django_assert_num_queries(1):
        presence.beat(incident, me, typing=False, now=NOW)
    presence.beat(incident, me, typing=True, now=NOW)

    assert Presence.objects.count() == 1
    assert not IncidentEvent.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_only_what_changes_the_marks_is_told() -> None:
    incident, me = make_incident(), make_user()
    told: list[str] = []

    def after(do: Any, *args: Any, **facts: Any) -> int:
        before = len(told)
        do(incident, me, *args, **facts)
        listening = connection.connection
        told.extend(each.payload for each in listening.notifies(timeout=0.2))
        return len(told) - before

    with connection.cursor() as cursor:
        cursor.execute("LISTEN dispatch")
    try:
        assert after(presence.beat, typing=False, now=NOW) == 1
        assert after(presence.beat, typing=False, now=NOW + timedelta(seconds=20)) == 0
        assert after(presence.beat, typing=True, now=NOW + timedelta(seconds=21)) == 1
        assert after(presence.beat, typing=True, now=NOW + timedelta(seconds=26)) == 0
        assert after(presence.beat, typing=False, now=NOW + timedelta(seconds=30)) == 1
        assert after(presence.leave) == 1
        assert after(presence.leave) == 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("UNLISTEN dispatch")
    assert set(told) == {json.dumps({"presence": incident.code})}


def test_the_stream_names_it_apart_from_what_happened_and_gives_it_no_number() -> None:
    message = live_hub.read(json.dumps({"presence": "NT-1"}))

    assert message is not None
    assert message.encode() == b'event: presence\ndata: {"code": "NT-1"}\n\n'


def test_the_page_says_that_it_is_there_and_is_told_who_else_is(client: Client, django_assert_num_queries: Any) -> None:
    incident, other = make_incident(), make_user(last_name="Седов", first_name="Павел")
    client.force_login(make_user(role=Role.OBSERVER))
    url = reverse("incidents:presence", args=[incident.code])
    assert client.post(url).content.decode().strip() == ""
    from django.utils import timezone

    presence.beat(incident, other, typing=True, now=timezone.now())

    # Session, person, incident, the beat, the others.
    with django_assert_num_queries(5):
        page = client.post(url).content.decode()

    assert "ПС" in page
    assert "live" in page
    assert client.post(url, {"leaving": "1"}).status_code == 204
    assert set(Presence.objects.values_list("person", flat=True)) == {other.pk}
