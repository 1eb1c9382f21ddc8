from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from tests.factories import make_pole, make_station, make_user

pytestmark = pytest.mark.django_db
URL = reverse("towers:complete")


@pytest.fixture
def observer(client: Client) -> Client:
    client.force_login(make_user(Role.OBSERVER))
    return client


def options(client: Client, **query: str) -> list[tuple[int, str]]:
    answer = client.get(URL, query)
    assert answer.status_code == 200
    found = re.findall(r'role="option"[^>]* data-id="(\d+)" data-code="([^"]*)"', answer.content.decode())
    return [(int(pk), code) for pk, code in found]


def test_a_pole_is_offered_with_its_region_and_address(observer: Client) -> None:
    pole = make_pole("41960-P-43-1-1", region_ru="Кировская область", address="д. Стулово")

    html = observer.get(URL, {"q": "41960-р"}).content.decode()

    assert options(observer, q="41960-р") == [(pole.pk, "41960-P-43-1-1")]
    assert "Кировская область, д. Стулово" in html


def test_a_station_is_offered_with_its_pole_and_operators(observer: Client) -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1"), operator="ООО «Т2 Мобайл»")

    html = observer.get(URL, {"q": "ki0", "kind": "station"}).content.decode()

    assert options(observer, q="ki0", kind="station") == [(station.pk, "KI000075")]
    assert 'data-pole="41960-P-43-1-1"' in html
    assert "ООО «Т2 Мобайл»" in html


def test_at_most_ten_are_offered_by_few_queries(observer: Client, django_assert_max_num_queries) -> None:
    for _ in range(15):
        make_station()

    with django_assert_max_num_queries(5):
        assert len(options(observer, q="KI", kind="station")) == 10


@pytest.mark.parametrize("typed", ["", " ", "%"])
def test_nothing_typed_offers_nothing(observer: Client, typed: str) -> None:
    make_pole()

    assert options(observer, q=typed) == []


def test_what_is_not_there_is_said(observer: Client) -> None:
    html = observer.get(URL, {"q": "zzz"}).content.decode()

    assert 'role="option"' not in html
    assert "<li" in html


def test_a_stranger_learns_nothing(client: Client) -> None:
    make_pole("41960-P-43-1-1")

    answer = client.get(URL, {"q": "41960"})

    assert answer.status_code == 302
    assert b"41960-P-43-1-1" not in answer.content
