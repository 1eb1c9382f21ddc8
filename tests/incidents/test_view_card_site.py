"""Naming the site on the card: beginnings of codes, stations that bring their pole, and what is refused."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from incidents import services
from incidents.models import Incident
from tests.factories import NOW, make_incident, make_pole, make_station, make_user


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(make_user())
    return client


def name_site(desk: Client, incident: Incident, pole: str = "", station: str = "", **more: object) -> object:
    response = desk.post(
        reverse("incidents:link_site", args=[incident.code]), {"pole": pole, "station": station, **more}
    )
    incident.refresh_from_db()
    return response


def errors(response: object) -> str:
    return str(response.context["site_form"].errors)  # type: ignore[attr-defined]


def test_a_beginning_with_one_match_completes_it_and_the_contractor_follows(desk):
    pole, incident = make_pole("41960-P-43-1-1"), make_incident()
    make_pole("51960-P-43-1-1")

    response = name_site(desk, incident, "41960-р-43")

    assert response.status_code == 302
    assert (incident.pole, incident.contractor) == (pole, pole.contractor)


def test_a_whole_code_wins_over_longer_ones_that_begin_with_it(desk):
    pole, incident = make_pole("41960-P-43-1-1"), make_incident()
    make_pole("41960-P-43-1-11")

    name_site(desk, incident, "41960-P-43-1-1")

    assert incident.pole == pole


def test_several_matches_are_named_and_offered(desk):
    incident = make_incident()
    for n in range(1, 5):
        make_pole(f"41960-P-43-1-{n}")

    response = name_site(desk, incident, "41960")

    page = response.content.decode()
    assert response.status_code == 422
    assert incident.pole is None
    assert "41960-P-43-1-3, …" in page
    assert page.count('name="pole" value="41960-P-43-1-') == 4
    assert 'value="41960"' in page


def test_no_match_says_so_and_keeps_what_was_typed(desk):
    incident = make_incident()

    response = name_site(desk, incident, "99999-X")

    assert "99999-X" in errors(response)
    assert 'value="99999-X"' in response.content.decode()


def test_a_pole_that_has_gone_from_the_registry_is_not_chosen(desk):
    make_pole("41960-P-43-1-1", gone_at=NOW)
    incident = make_incident()

    name_site(desk, incident, "41960-P-43-1-1")

    assert incident.pole is None


def test_a_station_alone_brings_its_pole_and_operator(desk):
    station, incident = make_station("KI000075", operator="Т2"), make_incident()

    name_site(desk, incident, station="ki000075")

    assert (incident.base_station, incident.pole) == (station, station.pole)
    assert incident.operator == station.operators.get()


def test_a_station_on_two_poles_is_a_question(desk):
    first, second = make_station("77-59478"), make_station("77-59478")
    incident = make_incident()

    response = name_site(desk, incident, station="77-59478")

    assert incident.pole is None
    assert first.pole.code in errors(response)
    assert second.pole.code in errors(response)
    name_site(desk, incident, second.pole.code, "77-59478")
    assert incident.base_station == second


def test_a_station_on_another_pole_than_the_given_one_is_refused(desk):
    station, pole, incident = make_station("KI000075"), make_pole(), make_incident()

    response = name_site(desk, incident, pole.code, "KI000075")

    assert incident.pole is None
    assert station.pole.code in errors(response)
    assert pole.code in errors(response)


def test_a_new_station_brings_its_pole_although_the_old_pole_stands_in_the_field(desk):
    old, station = make_pole(), make_station("KI000075")
    incident = make_incident(pole=old)

    name_site(desk, incident, old.code, "KI000075")

    assert incident.pole == station.pole


def test_a_new_pole_lets_go_of_the_station_of_the_old_one(desk):
    station, pole = make_station("KI000075"), make_pole()
    incident = make_incident(pole=station.pole, base_station=station)

    name_site(desk, incident, pole.code, "KI000075")

    assert (incident.pole, incident.base_station) == (pole, None)


def test_both_fields_empty_take_the_site_off(desk):
    incident = make_incident(pole=make_pole())

    name_site(desk, incident)

    assert incident.pole is None


def test_naming_the_site_of_an_error_puts_the_incident_to_work(desk):
    pole, incident = make_pole(), make_incident()
    services.raise_error(incident, reason="Опора не найдена.", by=None, at=NOW)

    name_site(desk, incident, pole.code)

    assert (incident.status.key, incident.error_reason) == ("inProgress", "")


def test_a_site_that_a_colleague_has_just_named_is_not_overwritten(desk):
    mine, his, incident = make_pole(), make_pole(), make_incident()
    services.link_asset(incident, pole=his, station=None, by=make_user(), at=NOW)

    response = name_site(desk, incident, mine.code, seen=0)

    assert response.status_code == 422
    assert incident.pole == his
    assert f'value="{mine.code}"' in response.content.decode()
