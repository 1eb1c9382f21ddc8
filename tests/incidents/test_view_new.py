"""A new incident by phone: what is typed becomes an incident, or a note in the one that is there already."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from incidents.models import Incident
from incidents.new_forms import Caller, find_sites, offer_sites
from tests.factories import make_incident, make_pole, make_station, make_user

pytestmark = pytest.mark.django_db
NEW = "/incidents/new/"


@pytest.fixture
def me(db: None) -> User:
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


def text_of(response: Any) -> str:
    return response.content.decode()


def the_only() -> Incident:
    return Incident.objects.get()


def test_three_fields_make_an_incident_with_caller_site_and_contractor(desk, me):
    station = make_station("KI000075", make_pole("41007-P-43-1-1"))

    answer = desk.post(NEW, {"who": "Пётр, +7 912 000-00-01", "subject": "Нет питания", "site": "ki75"})

    made = the_only()
    assert answer.headers["Location"] == made.get_absolute_url()
    assert (made.subject, made.requester_name) == ("Нет питания", "Пётр, +7 912 000-00-01")
    assert (made.pole, made.base_station) == (station.pole, station)
    assert made.contractor == station.pole.contractor
    assert made.operator == station.operators.get()
    assert made.registration == Incident.Registration.MANUAL
    assert list(made.events.order_by("pk").values_list("kind", "actor"))[:2] == [
        ("opened", me.pk),
        ("site_linked", me.pk),
    ]


def test_the_type_sets_the_deadline_and_registering_does_not_stop_the_dispatchers_clock(desk):
    from incidents.models import IncidentType

    kind = IncidentType.objects.first()

    desk.post(NEW, {"subject": "Нет питания", "site": make_pole().code, "type": kind.pk})

    made = the_only()
    assert made.due_at == made.opened_at + kind.sla
    assert made.first_action_at is None


def test_without_a_site_it_is_registered_all_the_same(desk):
    desk.post(NEW, {"who": "noc@operator.example", "subject": "Нет связи"})

    assert the_only().pole is None
    assert the_only().requester_email == "noc@operator.example"


def test_without_words_nothing_is_made_and_what_was_typed_stays(desk):
    answer = desk.post(NEW, {"who": "Пётр", "subject": " ", "site": "41"})

    assert answer.status_code == 422
    assert 'value="Пётр"' in text_of(answer)
    assert not Incident.objects.exists()


def test_a_beginning_that_means_several_sites_is_asked_about(desk):
    first, second = make_pole("41007-P-43-1-1"), make_pole("41008-P-43-1-1")

    answer = desk.post(NEW, {"subject": "Нет питания", "site": "4100"})
    chosen = desk.post(NEW, {"subject": "Нет питания", "site": ["4100", second.code]})

    assert answer.status_code == 422
    assert f'name="site" value="{first.code}"' in text_of(answer)
    assert chosen.status_code == 302
    assert the_only().pole == second


def test_a_site_that_nothing_begins_with_is_refused_in_words(desk):
    answer = desk.post(NEW, {"subject": "Нет питания", "site": "99999"})

    assert answer.status_code == 422
    assert "99999" in text_of(answer)
    assert not Incident.objects.exists()


def test_a_site_that_is_wrong_for_the_database_is_refused_too(desk):
    assert desk.post(NEW, {"subject": "Нет питания", "site": "4\0,\0"}).status_code == 422


def test_one_name_on_two_poles_is_named_with_its_pole():
    here, there = make_pole("41007-P-43-1-1"), make_pole("41008-P-43-1-1")
    make_station("KI000075", here)
    elsewhere = make_station("KI000075", there)

    both, one = find_sites("KI0075"), find_sites("KI0075, 41008-p-43-1-1")

    assert len(both) == 2
    assert [(site.station, site.pole) for site in one] == [(elsewhere, there)]
    assert find_sites(both[0].text) == both[:1]


@pytest.mark.parametrize("typed", ["960-р-43", "стулово мира 5", "Стулово, ул. Мира, 5"])
def test_a_middle_part_or_an_address_is_enough_when_only_one_site_fits(desk, typed):
    pole = make_pole("41960-P-43-1-1", address="д. Стулово, ул. Мира, д. 5")
    make_pole("51961-P-44-1-1", address="д. Мостовое, ул. Мира, д. 5")

    desk.post(NEW, {"subject": "Нет питания", "site": typed})

    assert the_only().pole == pole


def test_what_begins_so_is_meant_and_what_has_it_inside_only_offered():
    begins, inside = make_pole("41960-P-43-1-1"), make_pole("34196-P-43-1-1")
    station = make_station("KI4196", make_pole("52000-P-43-1-1"))

    assert [site.pole for site in find_sites("4196")] == [begins]
    assert [site.pole for site in offer_sites("4196")] == [begins, inside, station.pole]
    assert len(offer_sites("4196", limit=2)) == 2


def test_sites_that_are_gone_are_not_offered():
    make_station("KI000075", make_pole("41007-P-43-1-1", gone_at=timezone.now()))

    assert find_sites("KI0075") == []
    assert find_sites("41007") == []


@pytest.mark.parametrize(
    ("typed", "name", "email"),
    [
        ("Пётр Ильин", "Пётр Ильин", ""),
        ("+7 912 000-00-01", "+7 912 000-00-01", ""),
        ("noc@operator.example", "", "noc@operator.example"),
        ("Пётр <noc@operator.example>, +7 912", "Пётр, +7 912", "noc@operator.example"),
        ("", "", ""),
    ],
)
def test_the_address_is_found_among_the_words_of_the_caller(typed, name, email):
    assert Caller.read(typed) == Caller(name, email)


def test_while_it_is_typed_incidents_of_the_same_pole_are_shown(desk):
    pole = make_pole()
    known, _elsewhere = make_incident(pole=pole, opened_at=timezone.now()), make_incident(pole=make_pole())

    shown = text_of(desk.get(reverse("incidents:new_similar"), {"site": pole.code, "subject": ""}))

    assert shown.count("<article") == 1
    assert known.get_absolute_url() in shown


def test_the_call_is_noted_in_the_incident_that_is_there_already(desk, me):
    known = make_incident(pole=make_pole())

    answer = desk.post(NEW, {"who": "Пётр", "subject": "Всё ещё нет питания", "site": "41", "into": known.code})

    assert answer.headers["Location"] == known.get_absolute_url()
    assert Incident.objects.count() == 1
    note = known.comments.get()
    assert "Пётр" in note.text
    assert "Всё ещё нет питания" in note.text
    assert note.author == me


def test_the_call_noted_in_a_merged_incident_goes_where_that_one_went(desk):
    into = make_incident()
    merged = make_incident(merged_into=into)

    desk.post(NEW, {"subject": "Всё ещё нет питания", "into": merged.code})

    assert into.comments.count() == 1


def test_an_unknown_code_to_note_in_is_refused_and_the_words_stay(desk):
    answer = desk.post(NEW, {"subject": "Всё ещё нет питания", "into": "NT-1"})

    assert answer.status_code == 422
    assert "Всё ещё нет питания" in text_of(answer)


def test_the_address_of_the_page_can_fill_the_form(desk):
    pole = make_pole()
    known = make_incident(pole=pole)

    page = text_of(desk.get(NEW, {"site": pole.code}))

    assert f'value="{pole.code}"' in page
    assert known.get_absolute_url() in page


def test_options_name_poles_and_stations_that_begin_so(desk):
    make_station("KI000075", make_pole("41007-P-43-1-1"))

    options = text_of(desk.get(reverse("incidents:new_sites"), {"site": "ki00"}))

    assert 'data-text="KI000075, 41007-P-43-1-1"' in options
    assert 'role="option"' not in text_of(desk.get(reverse("incidents:new_sites"), {"site": "k"}))


def test_many_incidents_of_a_pole_cost_as_many_queries_as_few(desk):
    pole = make_pole(latitude=58.6, longitude=49.6)

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            desk.get(NEW, {"site": pole.code, "who": "noc@operator.example", "subject": "Нет питания"})
        return len(queries)

    for _n in range(5):
        make_incident(pole=pole, assignee=make_user())
    few = cost()
    for _n in range(45):
        make_incident(pole=pole, assignee=make_user())

    assert cost() == few
