"""The page of one pole: who repairs it, what stands on it, what happened there and around it."""

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
from towers.models import Pole

pytestmark = pytest.mark.django_db


@pytest.fixture
def observer(client: Client) -> Client:
    client.force_login(make_user(Role.OBSERVER))
    return client


def page(client: Client, pole: Pole, **query: str) -> str:
    answer = client.get(reverse("towers:pole", args=[pole.code]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_who_repairs_the_pole_and_what_stands_on_it(observer: Client) -> None:
    pole = make_pole(
        contractor_emails=["avr@x.example"], contractor_phones=["8 908 000 67 20"], latitude=58.5, longitude=49.25
    )
    make_station("KI000075", pole, operator="ООО «Т2 Мобайл»")

    html = page(observer, pole)

    for text in ("avr@x.example", "8 908 000 67 20", "58.5, 49.25", "KI000075", "ООО «Т2 Мобайл»", "Пример-Энерго"):
        assert text in html
    for link in (
        f"{reverse('incidents:desk')}?pole={pole.code}",
        "tel:89080006720",
        "mailto:avr@x.example",
        "geo:58.5,49.25",
        reverse("towers:contractor", args=[pole.contractor_id]),
    ):
        assert f'href="{link}"' in html


def test_a_code_with_a_slash_has_a_page(observer: Client) -> None:
    assert "41960/P-43" in page(observer, make_pole("41960/P-43"))


def test_what_a_feed_says_is_shown_as_text(observer: Client) -> None:
    html = page(observer, make_pole(address="<script>alert(1)</script>", contractor_phones=["<b>8</b>"]))

    assert "<script>alert" not in html
    assert "<b>8</b>" not in html


def test_a_pole_that_is_gone_or_whose_contractor_is_excluded_says_so(observer: Client) -> None:
    plain = page(observer, make_pole())
    marked = page(observer, make_pole(gone_at=NOW, contractor_excluded=True))

    assert "rg-note is-wait" in marked
    assert marked.count("rg-note is-wait") == plain.count("rg-note is-wait") + 2


@pytest.mark.parametrize("code", ["99999-P-43-1-1", "x" * 500])
def test_there_is_no_page_for_an_unknown_code(observer: Client, code: str) -> None:
    assert observer.get(reverse("towers:pole", args=[code])).status_code == 404


def test_open_incidents_stand_before_closed_ones(observer: Client) -> None:
    pole = make_pole()
    old = make_incident(pole=pole, opened_at=NOW - timedelta(days=300))
    closed = make_incident(pole=pole, opened_at=NOW, closed_at=NOW, status="closed")
    other = make_incident()

    html = page(observer, pole)

    assert html.index(old.get_absolute_url()) < html.index(closed.get_absolute_url())
    assert other.get_absolute_url() not in html


def test_closed_incidents_go_on_from_page_to_page(observer: Client) -> None:
    pole = make_pole()
    here = make_incident(pole=pole)
    expected = {
        make_incident(pole=pole, opened_at=NOW - timedelta(hours=n), closed_at=NOW, status="closed").code
        for n in range(60)
    }
    found: list[str] = []
    query: dict[str, str] = {}
    for number in range(3):
        html = page(observer, pole, **query)
        assert (here.get_absolute_url() in html) is (number == 0)
        found += [code for code in re.findall(r'class="link" href="/incidents/([^/]*)/"', html) if code != here.code]
        further = re.search(r'rel="next" href="\?after=([^"&]*)"', html)
        query = {"after": further[1]} if further else {}

    assert query == {}
    assert len(found) == 60
    assert set(found) == expected


def test_a_site_where_incidents_repeat_is_marked(observer: Client) -> None:
    often, seldom = make_pole(), make_pole()
    for _ in range(3):
        make_incident(pole=often, opened_at=timezone.now() - timedelta(days=1))
    make_incident(pole=seldom, opened_at=timezone.now())

    assert "dk-chronic" in page(observer, often)
    assert "dk-chronic" not in page(observer, seldom)


def test_the_map_leads_to_the_neighbours(observer: Client) -> None:
    pole = make_pole(latitude=58.0, longitude=50.0)
    near, far = make_pole(latitude=58.05, longitude=50.0), make_pole(latitude=58.5, longitude=50.0)
    incident = make_incident(pole=near)

    html = page(observer, pole)

    assert f'<a href="{reverse("towers:pole", args=[near.code])}" aria-label=' in html
    assert incident.get_absolute_url() in html
    assert far.code not in html


def test_a_pole_that_stands_nowhere_has_no_map(observer: Client) -> None:
    assert 'class="mp' not in page(observer, make_pole())


def test_tiles_are_asked_of_the_server_of_the_setting(observer: Client, settings) -> None:
    settings.MAP_TILES, settings.MAP_ATTRIBUTION = "https://tiles.example/{z}/{x}/{y}.png", "© Карты"

    html = page(observer, make_pole(latitude=58.0, longitude=50.0))

    assert re.search(r'<image href="https://tiles\.example/\d+/\d+/\d+\.png"', html)
    assert "© Карты" in html


def test_the_link_to_a_map_is_a_setting(observer: Client, settings) -> None:
    settings.MAP_LINK = "https://maps.example/?at={lat},{lon}"

    assert "https://maps.example/?at=58.0,50.0" in page(observer, make_pole(latitude=58.0, longitude=50.0))


@pytest.mark.parametrize("after", ["x", "~", "20260818T120000.000000~x", "~1"])
def test_a_place_that_is_none_is_answered(observer: Client, after: str) -> None:
    page(observer, make_pole(), after=after)


def test_much_takes_as_many_queries_as_little(observer: Client, django_assert_num_queries) -> None:
    pole = make_pole(latitude=58.0, longitude=50.0)

    def add(number: int) -> None:
        for n in range(number):
            station = make_station(pole=pole, operator=f"Оператор {n}")
            make_incident(pole=pole, base_station=station, assignee=make_user())
            make_incident(pole=pole, base_station=station, closed_at=NOW, status="closed")
            make_incident(pole=make_pole(latitude=58.0 + n / 1000, longitude=50.01))

    add(5)
    page(observer, pole)
    with CaptureQueriesContext(connection) as few:
        page(observer, pole)
    add(45)

    with django_assert_num_queries(len(few)):
        page(observer, pole)
    assert len(few) <= 14
