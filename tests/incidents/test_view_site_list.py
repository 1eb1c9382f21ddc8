"""The registry's list of poles as a page: filters, pages, and what it tells of incidents."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.roles import Role
from tests.factories import NOW, make_incident, make_pole, make_station, make_user
from towers.models import Contractor

pytestmark = pytest.mark.django_db
URL = reverse("towers:poles")


@pytest.fixture
def observer(client: Client) -> Client:
    client.force_login(make_user(Role.OBSERVER))
    return client


def codes(html: str) -> list[str]:
    return re.findall(r'class="link code" href="[^"]*">([^<]*)<', html)


def page(client: Client, **query: str) -> str:
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_standing_poles_by_code(observer: Client) -> None:
    for code in ("30000-P-43-1-1", "10000-P-43-1-1", "20000-P-43-1-1"):
        make_pole(code)
    make_pole("40000-P-43-1-1", gone_at=NOW)

    assert codes(page(observer)) == ["10000-P-43-1-1", "20000-P-43-1-1", "30000-P-43-1-1"]
    assert codes(page(observer, gone="1")) == ["40000-P-43-1-1"]


def test_every_pole_stands_on_exactly_one_page(observer: Client) -> None:
    expected = [make_pole(f"{n}-P-43-1-1").code for n in range(10_000, 10_120)]
    found: list[str] = []
    query: dict[str, str] = {}
    for _ in range(3):
        html = page(observer, **query)
        found += codes(html)
        further = re.search(r'rel="next" href="\?after=([^"&]*)"', html)
        query = {"after": further[1]} if further else {}

    assert found == expected
    assert query == {}


def test_filters_stay_while_paging(observer: Client) -> None:
    for n in range(60):
        make_pole(f"{10_000 + n}-P-43-1-1", region_ru="Пермский край")

    html = page(observer, q="1", region="Пермский край")

    assert 'rel="next" href="?q=1&amp;region=' in html
    assert len(codes(html)) == 50


def test_a_pole_is_found_by_the_beginning_of_a_station_on_it(observer: Client) -> None:
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    make_pole("51960-P-43-1-1")

    assert codes(page(observer, q="ki0075")) == ["41960-P-43-1-1"]


STRANGE = [
    {"q": "zzz"},
    {"after": "я"},
    {"region": "нет"},
    {"q": "x" * 5000},
    {"contractor": "0"},
    {"contractor": "x"},
    {"contractor": "9" * 40},
    {"chronic": "1"},
]


@pytest.mark.parametrize("query", STRANGE)
def test_strange_questions_get_an_answer_in_words(observer: Client, query: dict[str, str]) -> None:
    assert observer.get(URL, query).status_code == 200


def test_an_empty_registry_says_what_to_do(observer: Client) -> None:
    assert reverse("towers:sync") in page(observer)


def test_a_row_tells_of_open_incidents_and_of_repeats(observer: Client) -> None:
    calm, busy = make_pole("10000-P-43-1-1"), make_pole("20000-P-43-1-1")
    now = timezone.now()
    for hours in (1, 2, 3):
        make_incident(pole=busy, opened_at=now - timedelta(hours=hours))
    make_incident(pole=calm, opened_at=now, closed_at=now, status="closed")

    html = page(observer)

    assert f'{reverse("incidents:desk")}?pole={busy.code}"' in html
    assert f'{reverse("incidents:desk")}?pole={calm.code}"' not in html
    assert html.count("dk-chronic") == 1


def test_the_list_can_be_narrowed_to_a_contractor_and_to_chronic_sites(observer: Client) -> None:
    other = Contractor.objects.create(name="ООО «Другой подрядчик»")
    make_pole("10000-P-43-1-1")
    chronic, seldom = make_pole("20000-P-43-1-1", contractor=other), make_pole("30000-P-43-1-1", contractor=other)
    for _ in range(3):
        make_incident(pole=chronic, opened_at=timezone.now())
    make_incident(pole=seldom, opened_at=timezone.now())

    assert codes(page(observer, contractor=str(other.pk))) == [chronic.code, seldom.code]
    assert codes(page(observer, chronic="1")) == [chronic.code]
    assert codes(page(observer, chronic="1", q="3")) == []


@pytest.mark.parametrize("query", [{}, {"q": "4"}, {"chronic": "1"}])
def test_fifty_poles_take_as_many_queries_as_five(observer: Client, query, django_assert_num_queries) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            station = make_station("4-1", make_pole(contractor=Contractor.objects.create(name=f"{timezone.now()}")))
            for _ in range(3):
                make_incident(pole=station.pole, opened_at=timezone.now())

    add(5)
    page(observer, **query)
    with CaptureQueriesContext(connection) as few:
        page(observer, **query)
    add(45)

    with django_assert_num_queries(len(few)):
        page(observer, **query)
    assert len(few) <= 14


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_the_list_cannot_be_posted_to(observer: Client) -> None:
    assert observer.post(URL).status_code == 405
