"""Facts typed over on the card: one event each, the form stays open when refused, each fact says whence it is."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from dispatchers.roles import Role
from incidents import correcting
from tests.factories import NOW, make_incident, make_station, make_user
from towers.models import Operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def me():
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def desk(client, me):
    client.force_login(me)
    return client


def post(desk, incident, fact: str, **said: object):
    here = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": f"http://testserver{incident.get_absolute_url()}"}
    return desk.post(reverse("incidents:correct", args=[incident.code, fact]), said, **here)


def test_each_fact_is_changed_by_one_event_that_says_before_and_after(desk, me):
    operator = Operator.objects.create(name="Билайн", group="vimpelcom")
    incident = make_incident(subject="Отсутствует ВЭС", requester_name="NOC", requester_email="noc@operator.example")

    post(desk, incident, "subject", subject="  Отсутствует\nВЭС, Стулово ")
    post(desk, incident, "operator", operator=operator.pk)
    post(desk, incident, "requester", requester_name="Пётр", requester_email="petr@operator.example")

    incident.refresh_from_db()
    assert (incident.subject, incident.operator) == ("Отсутствует ВЭС, Стулово", operator)
    assert (incident.requester_name, incident.requester_email) == ("Пётр", "petr@operator.example")
    events = incident.events.filter(kind="corrected").order_by("id")
    assert [(each.data["what"], each.data["from"], each.data["to"]) for each in events] == [
        ("subject", "Отсутствует ВЭС", "Отсутствует ВЭС, Стулово"),
        ("operator", "", "Билайн"),
        ("requester", "NOC <noc@operator.example>", "Пётр <petr@operator.example>"),
    ]
    assert {each.actor for each in events} == {me}
    page = desk.get(incident.get_absolute_url()).content.decode()
    assert page.count("Анна Крылова") >= 3


def test_the_same_again_records_nothing(desk):
    incident = make_incident(subject="Отсутствует ВЭС")

    post(desk, incident, "subject", subject="Отсутствует ВЭС")

    assert not incident.events.exists()


@pytest.mark.parametrize(
    ("fact", "said", "kept"),
    [("subject", {"subject": "  "}, "fact-subject"), ("requester", {"requester_email": "не адрес"}, "не адрес")],
)
def test_a_wrong_value_keeps_its_form_open_with_what_was_typed(desk, fact, said, kept):
    incident = make_incident()

    page = post(desk, incident, fact, **said).content.decode()

    assert 'dk-edit" open' in page
    assert kept in page
    assert not incident.events.exists()


def test_somebody_who_was_faster_is_named_before_anything_is_written_over(desk):
    incident, other = make_incident(), make_user(last_name="Седов")
    correcting.correct_subject(incident, "Пожар", by=other, at=NOW)

    page = post(desk, incident, "subject", subject="Дым", seen=0).content.decode()

    incident.refresh_from_db()
    assert incident.subject == "Пожар"
    assert "Седов" in page


def test_there_is_no_other_fact_and_nobody_else_may(desk, client):
    incident = make_incident()
    assert post(desk, incident, "code", code="NT-1").status_code == 404
    client.force_login(make_user(role=Role.OBSERVER))
    assert post(client, incident, "subject", subject="Дым").status_code == 403
    assert "dk-edit" not in client.get(incident.get_absolute_url()).content.decode()


def test_the_operator_of_the_station_is_known_by_the_station(desk):
    station = make_station("KI000075")
    incident = make_incident(base_station=station, pole=station.pole, operator=station.operators.get())

    page = desk.get(incident.get_absolute_url()).content.decode()

    assert re.search(r'class="dk-whence">[^<]*KI000075', page)
