from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from incidents import floods
from incidents.models import Incident, Status
from tests.factories import NOW, make_incident

pytestmark = pytest.mark.django_db

ROBOT = "robot@operator.example"


def opened(address: str, *, minutes_ago: int, **facts: object) -> None:
    make_incident(requester_email=address, opened_at=NOW - timedelta(minutes=minutes_ago), **facts)


def test_what_a_sender_opened_within_the_hour_is_counted_whatever_the_case_of_his_address() -> None:
    for minutes in (1, 59, 61):
        opened("NOC@operator.example", minutes_ago=minutes)

    assert floods.opened_lately(["Noc@Operator.example", ROBOT], NOW) == {"noc@operator.example": 2}


def test_what_was_told_by_phone_is_no_flood_of_letters() -> None:
    opened(ROBOT, minutes_ago=1, registration="manual")

    assert not floods.opened_lately([ROBOT], NOW)


def test_counting_ends_at_the_limit(settings) -> None:
    settings.INCIDENTS_PER_SENDER_HOUR = 3
    for _ in range(5):
        opened(ROBOT, minutes_ago=1)

    assert floods.opened_lately([ROBOT], NOW)[ROBOT] == 3


def test_the_index_answers_it_not_the_table() -> None:
    Incident.objects.bulk_create(
        Incident(
            code=f"F-{number}",
            subject="",
            registration="mail",
            status=Status.objects.get(key="new"),
            requester_email=f"noc{number}@operator.example",
            opened_at=NOW + timedelta(minutes=1),
        )
        for number in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incidents_incident")
        asked = {"senders": [ROBOT], "since": NOW, "most": 60}
        cursor.execute("EXPLAIN " + floods.OPENED, asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "incident_by_sender" in plan


def test_nobody_is_asked_about_for_nothing(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert not floods.opened_lately([], NOW)
