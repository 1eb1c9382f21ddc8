from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from tests.factories import NOW, make_pole, make_station, make_user

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


@pytest.mark.parametrize("query", [{"q": "zzz"}, {"after": "я"}, {"region": "нет"}, {"q": "x" * 5000}])
def test_strange_questions_get_an_answer_in_words(observer: Client, query: dict[str, str]) -> None:
    assert observer.get(URL, query).status_code == 200


def test_an_empty_registry_says_what_to_do(observer: Client) -> None:
    assert reverse("towers:sync") in page(observer)


def test_the_number_of_queries_does_not_grow_with_the_poles(observer: Client, django_assert_max_num_queries) -> None:
    for _ in range(40):
        make_station()

    with django_assert_max_num_queries(8):
        page(observer)


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_the_list_cannot_be_posted_to(observer: Client) -> None:
    assert observer.post(URL).status_code == 405
