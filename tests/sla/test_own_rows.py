"""What a customer adds himself works everywhere: statuses, types, clocks, and rules that name them."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from django.urls import reverse

from dispatchers.roles import Role
from incidents import services
from incidents.models import IncidentType, Status, StatusClass, Transition
from sla import changing, recomputing, rule_following
from sla.models import IncidentClock, PolicyVersion
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def chief(client):
    user = make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    return user


@pytest.fixture
def waiting() -> Status:
    """A status of the customer's own, reached from any other one."""
    status = Status.objects.create(
        key="wait-road", name_ru="Ждём дорогу", name_en="Waiting for the road", status_class=StatusClass.PAUSED
    )
    Transition.objects.create(from_status=None, to_status=status)
    Transition.objects.create(from_status=status, to_status=Status.objects.get(key="inProgress"))
    return status


def add_type(client, time: str = "03:00:00") -> IncidentType:
    form = {
        "name_ru": "Лифт", "name_en": "Lift", "key": "lift", "sla": time, "is_active": "on", "position": 9,
        "description_ru": "", "description_en": "",
    }  # fmt: skip
    answer = client.post(reverse("admin:incidents_incidenttype_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    return IncidentType.objects.get(key="lift")


def save(chief, change) -> PolicyVersion:
    newest = changing.newest()
    document = copy.deepcopy(newest.document)
    change(document)
    return changing.save(document, by=chief, why="своё", now=NOW, based_on=newest.number)


def due(incident):
    incident.refresh_from_db()
    return incident.due_at


def test_a_type_added_in_the_administration_has_its_time_at_once(client, chief):
    kind = add_type(client)
    incident = make_incident()

    services.set_type(incident, kind, by=make_user(), at=NOW)

    assert due(incident) == NOW + 3 * HOUR
    assert changing.newest().by == chief
    page = client.get("/sla/rules/new/").content.decode()
    assert 'name="type" value="lift"' in page
    assert "Лифт" in client.get("/sla/rules/").content.decode()


def test_a_time_changed_in_the_administration_reaches_open_incidents(client, chief):
    kind = add_type(client)
    incident = make_incident()
    services.set_type(incident, kind, by=make_user(), at=NOW)

    client.post(
        reverse("admin:incidents_incidenttype_change", args=[kind.pk]),
        {"name_ru": "Лифт", "name_en": "Lift", "key": "lift", "sla": "05:00:00", "is_active": "on", "position": 9},
    )
    rule_following.follow(lambda: NOW)

    assert due(incident) == NOW + 5 * HOUR


def test_a_rule_stands_still_in_a_status_of_the_customers_own(client, chief, waiting):
    kind = add_type(client)
    rule = {"clock": "incident", "minutes": 60, "match": {"type": ["lift"]}, "pauses": ["wait-road"]}
    save(chief, lambda document: document["rules"].append(rule))
    me, incident = make_user(), make_incident(status="inProgress")
    services.set_type(incident, kind, by=me, at=NOW)
    assert due(incident) == NOW + HOUR

    services.change_status(incident, waiting, by=me, at=NOW + HOUR / 2)
    assert due(incident) is None
    assert incident.clock_left == HOUR / 2
    services.change_status(incident, Status.objects.get(key="inProgress"), by=me, at=NOW + 9 * HOUR)

    assert due(incident) == NOW + 9.5 * HOUR
    assert "Ждём дорогу" in client.get("/sla/rules/").content.decode()
    assert 'name="pauses" value="wait-road"' in client.get("/sla/rules/new/").content.decode()


def test_a_clock_of_the_customers_own_runs_from_a_status_to_another(client, chief, waiting):
    seen = changing.newest().number
    clock = {"name": "Дорога", "starts": ["status:wait-road"], "stops": ["status:inProgress"], "seen": seen}
    answer = client.post("/sla/rules/clocks/new/", clock)
    client.post(answer.headers["Location"] + "save/", {"why": "дороги"})
    key = f"own:{seen + 1}"
    assert changing.newest().document["clocks"][key]["name"] == "Дорога"
    rule = {"seen": seen + 1, "clock": key, "time": "2 ч", "warn": "30 мин", "calendar": ""}
    answer = client.post("/sla/rules/new/", rule)
    client.post(answer.headers["Location"] + "save/", {"why": "дороги"})

    # As if all of this had been said before the incident came.
    for version in PolicyVersion.objects.all():
        PolicyVersion.objects.filter(pk=version.pk).update(at=NOW - (10 - version.number) * HOUR)

    me, incident = make_user(), make_incident(status="inProgress")
    services.change_status(incident, waiting, by=me, at=NOW)
    row = IncidentClock.objects.get(incident=incident, clock=key)
    assert (row.state, row.due_at) == ("running", NOW + 2 * HOUR)

    services.change_status(incident, Status.objects.get(key="inProgress"), by=me, at=NOW + HOUR)

    row = IncidentClock.objects.get(incident=incident, clock=key)
    assert (row.state, row.left) == ("stopped", HOUR)
    assert "Дорога" in client.get(f"/sla/clocks/{incident.code}/").content.decode()
    assert recomputing.recompute(recomputing.load([incident.pk]), NOW + 2 * HOUR, write=False) == []


def test_a_clock_that_rules_name_cannot_be_deleted(client, chief):
    def change(document):
        document["clocks"] = {"own:2": {"name": "Дорога", "starts": ["handed_over"], "stops": []}}
        document["rules"].append({"clock": "own:2", "minutes": 60})

    save(chief, change)
    number = changing.newest().number

    client.post("/sla/rules/clocks/own:2/remove/", {"seen": number})

    assert changing.newest().number == number
    assert "own:2" in changing.newest().document["clocks"]


def test_what_names_a_status_that_was_deleted_keeps_running_and_says_so_when_it_is_changed(client, chief, waiting):
    save(
        chief,
        lambda document: document["rules"].append(
            {"clock": "incident", "minutes": 60, "match": {"priority": ["low"]}, "pauses": ["wait-road"]}
        ),
    )
    number = len(changing.newest().document["rules"])
    waiting.delete()

    page = client.get(f"/sla/rules/{number}/").content.decode()
    assert 'value="wait-road"' in page
    save(chief, lambda document: document["types"].update({"power-msk": 100}))
    with pytest.raises(changing.Refused):
        save(
            chief,
            lambda document: document["rules"].append(
                {"clock": "contractor", "minutes": 60, "match": {"priority": ["low"]}, "pauses": ["wait-road"]}
            ),
        )
