"""What the palette finds for a typed text, and what it shows before anything is typed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import palette
from incidents.models import Incident, SavedView
from incidents.palette import Place
from tests.factories import make_incident, make_pole, make_station, make_user
from towers.models import Contractor

pytestmark = pytest.mark.django_db
URL = "/palette/"


@pytest.fixture
def me(db: None) -> User:
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


def find(text: str) -> palette.Found:
    return palette.find(text, sees_sites=True)


def links(answer: Any) -> list[str]:
    return re.findall(r'role="option"[^>]* href="([^"]*)"', answer.content.decode())


@pytest.mark.parametrize("typed", ["NT-163341", "nt163341", "нт 163341", "163341", "  163341 "])
def test_a_code_in_any_spelling_is_its_incident_first(typed: str) -> None:
    make_incident(code="NT-1163341")
    meant = make_incident(code="NT-163341")
    make_incident(code="NT-1633412")

    assert find(typed).incidents[0] == meant


def test_the_end_of_a_code_finds_the_newest_and_its_beginning_finds_what_follows() -> None:
    old, new = make_incident(code="NT-162341"), make_incident(code="NT-163341")
    make_incident(code="NT-163399")

    assert find("341").incidents == [new, old]
    assert find("1633").incidents == [Incident.objects.get(code="NT-163399"), new]


@pytest.mark.parametrize("typed", ["²", "NT-", "0", "999999999999", "'", "%", "\0", "нт"])
def test_a_text_that_is_nobodys_finds_nothing_and_breaks_nothing(typed: str) -> None:
    make_incident(code="NT-163341")

    found = find(typed)

    assert (found.incidents, found.places, found.companies) == ([], [], [])


def test_a_pole_comes_with_its_open_incidents_newest_change_first() -> None:
    pole = make_pole("41960-P-43-1-1")
    first, second = make_incident(pole=pole), make_incident(pole=pole)
    make_incident(pole=pole, status="closed", closed_at=first.opened_at)
    Incident.objects.filter(pk=second.pk).update(active_at="2026-09-01T00:00Z")

    found = find("960-р-43")

    assert found.places == [Place(pole, None, 2)]
    assert found.incidents == [second, first]
    assert found.part == "site"


def test_a_station_comes_with_its_pole_and_stands_first_when_it_is_surely_one() -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1"))

    assert find("ki0075").places == [Place(station.pole, station, 0)]
    assert find("лш75").places == [Place(station.pole, station, 0)]


def test_a_pole_is_found_by_its_address() -> None:
    pole = make_pole(address="Слободской р-н, д. Стулово, ул. Мира, д. 5")
    make_pole(address="Слободской р-н, д. Стулово, ул. Мира, д. 15")

    assert [place.pole for place in find("стулово мира 5").places] == [pole]


def test_a_phone_is_its_contractor_its_people_and_those_who_called_from_it() -> None:
    company = Contractor.objects.create(name="ООО «Связь»")
    for _ in range(3):
        make_pole(contractor=company, contractor_phones=["+7 (912) 555-12-34", "84951112233"])
    make_pole(contractor_phones=["89125551235"])
    colleague = make_user(phone="8-912-555-12-34")
    called = make_incident(registration="manual", requester_name="Пётр, +7 912 555 12 34")
    make_incident(registration="manual", requester_name="Пётр, +7 912 555 12 35")

    found = find("8 912 555-12-34")

    assert [(each.contractor, each.phone) for each in found.companies] == [(company, "+7 (912) 555-12-34")]
    assert found.people == [colleague]
    assert found.incidents == [called]
    assert found.part == "who"


def test_a_pole_whose_code_is_digits_alone_is_no_phone() -> None:
    pole = make_pole("54635-11-77-1-2")
    incident = make_incident(pole=pole)

    found = find("54635-11-77-1-2")

    assert [place.pole for place in found.places] == [pole]
    assert (found.incidents, found.part) == ([incident], "site")


@pytest.mark.parametrize("typed", ["крыл", "анна кры", "rhsk", "КРЫЛОВА"])
def test_a_person_is_found_by_a_beginning_even_in_the_wrong_layout(me: User, typed: str) -> None:
    make_user(last_name="Накрылов")

    assert find(typed).people == [me]


def test_a_contractor_is_found_by_any_part_of_the_name() -> None:
    company = Contractor.objects.create(name="ООО «Пермэнергоремонт»")
    Contractor.objects.create(name="ООО «Связь»")

    assert [each.contractor for each in find("энергорем").companies] == [company]
    assert [each.contractor for each in find("'ythujhtv").companies] == [company]


def test_who_may_not_read_the_registry_sees_nothing_of_it() -> None:
    make_incident(pole=make_pole("41960-P-43-1-1"))
    Contractor.objects.create(name="ООО «Связь»")

    for typed in ("41960", "связь", "89125551234"):
        found = palette.find(typed, sees_sites=False)
        assert (found.places, found.companies, found.incidents) == ([], [], [])


def test_the_answer_links_to_what_was_found_and_ends_with_the_search(desk: Client) -> None:
    pole = make_pole("41960-P-43-1-1")
    incident = make_incident(pole=pole)

    found = links(desk.get(URL, {"q": "41960-P-43"}))

    assert found[0] == incident.get_absolute_url()
    assert found[1] == "/towers/41960-P-43-1-1/"
    assert found[-2:] == ["/?q=41960-P-43", "/incidents/new/?site=41960-P-43"]


def test_hostile_text_stays_text(desk: Client) -> None:
    answer = desk.get(URL, {"q": "<b onclick=x>&\"'"}).content.decode()

    assert "<b onclick" not in answer
    assert "&lt;b onclick=x&gt;" in answer


def test_before_anything_is_typed_the_last_ones_stand_in_their_order_then_ones_own(desk: Client, me: User) -> None:
    first, second, own = make_incident(), make_incident(), make_incident(assignee=me)
    SavedView.objects.create(owner=me, name="Моё позднее", query="queue=overdue")

    answer = desk.get(URL, {"recent": f"{second.code},{first.code},NT-0"})

    assert links(answer) == [each.get_absolute_url() for each in (second, first, own)]
    said = answer.content.decode()
    assert 'href="/?queue=overdue"' in said
    assert "Моё позднее" in said
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_incident_of_the_page_is_not_offered_again(desk: Client, me: User) -> None:
    here, other = make_incident(assignee=me), make_incident(assignee=me)

    assert links(desk.get(URL, {"recent": "", "here": here.code})) == [other.get_absolute_url()]


def test_pages_are_offered_by_what_the_person_may_see(client: Client) -> None:
    client.force_login(make_user(Role.OBSERVER))

    said = client.get(URL).content.decode()

    assert 'href="/letters/"' in said
    assert 'href="/incidents/new/"' not in said
    assert 'href="/admin/"' not in said
    assert "incidents/new" not in client.get(URL, {"q": "нет питания"}).content.decode()


def _queries(desk: Client, **asked: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert desk.get(URL, asked).status_code == 200
    return len(captured)


@pytest.mark.parametrize("typed", ["41", "KI", "стулово", "+7 912 555-12-34", "Имя", "977200"])
def test_more_rows_cost_no_more_queries(desk: Client, me: User, typed: str) -> None:
    def fill(number: int) -> None:
        for _ in range(number):
            station = make_station(pole=make_pole(contractor_phones=["+7 912 555-12-34"]))
            make_incident(pole=station.pole, base_station=station, assignee=me)
            make_user(phone="+7 912 555-12-34")

    make_incident(code="NT-977200")
    fill(5)
    few = _queries(desk, q=typed)
    fill(45)

    assert _queries(desk, q=typed) <= few
    assert few <= 16


def test_the_beginning_costs_a_constant_number_of_queries(desk: Client, me: User) -> None:
    codes = [make_incident(assignee=me).code for _ in range(5)]
    few = _queries(desk, recent=",".join(codes))
    codes = [make_incident(assignee=me).code for _ in range(50)]

    assert _queries(desk, recent=",".join(codes)) == few
