"""The page of the map, its list, and the points that it asks for."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.factories import make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db

KIROV: dict[str, Any] = {"latitude": 58.6, "longitude": 49.7}
SIDE = {"HX-Request": "true", "HX-Target": "side"}
BOOSTED = {"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "main"}


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_user())
    return client


def text(browser: Client, address: str = "/map/", **headers: str) -> str:
    answer = browser.get(address, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def points(browser: Client, words: str = "", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"/map/points/{words}", headers=headers).json()
    return found


def test_the_list_has_the_regions_with_their_numbers(browser: Client) -> None:
    make_incident(pole=make_pole(**KIROV))
    make_incident(pole=make_pole(region_ru="Пермский край", latitude=58.0, longitude=56.2))
    make_incident()

    body = text(browser)

    assert 'data-outline="kirov"' in body
    assert 'data-outline="perm"' in body
    assert "1 without a place" in body or "1 без места" in body
    assert re.search(r'id="count">3<', body)


def test_the_list_of_a_pole_leads_to_its_incidents(browser: Client) -> None:
    pole = make_pole(**KIROV)
    here, there = make_incident(pole=pole), make_incident(pole=make_pole(**KIROV))

    body = text(browser, f"/map/?at={pole.pk}", **SIDE)

    assert here.get_absolute_url() in body
    assert there.code not in body
    assert pole.code in body
    assert "<main" not in body


def test_a_region_is_listed_nearest_deadline_first(browser: Client) -> None:
    now = timezone.now()
    late, later = make_incident(pole=make_pole(), due_at=now), make_incident(pole=make_pole())
    make_incident(pole=make_pole(region_ru="Пермский край"))

    body = text(browser, "/map/?within=Кировская область", **SIDE)

    assert re.findall(r'data-code="([^"]+)"', body) == [late.code, later.code]


@pytest.mark.parametrize("asked", ["at={pole.pk}", "within=Кировская область"])
def test_a_list_of_the_map_leads_to_the_same_incidents_on_the_desk(browser: Client, asked: str) -> None:
    pole = make_pole(**KIROV)
    here, there = make_incident(pole=pole, assignee=None), make_incident(pole=make_pole(region_ru="Пермский край"))
    make_incident(pole=pole, assignee=make_user())

    side = text(browser, f"/map/?who=none&hide=work&{asked.format(pole=pole)}", **SIDE)
    found = re.search(r'href="(/\?[^"]+)"', side)
    assert found
    desk = text(browser, found[1].replace("&amp;", "&"))

    assert re.findall(r'<tr [^>]*data-code="([^"]+)"', desk) == [here.code]
    assert there.code not in desk


def test_those_without_a_place_are_listed_with_the_reason(browser: Client) -> None:
    nought = make_incident(pole=make_pole(latitude=0, longitude=0))
    nowhere = make_incident()
    make_incident(pole=make_pole(**KIROV))

    body = text(browser, "/map/?nowhere=1", **SIDE)

    assert set(re.findall(r'data-code="([^"]+)"', body)) == {nought.code, nowhere.code}
    assert body.count("wm-wrong") == 2


def test_a_hidden_state_is_in_no_list_and_the_legend_leads_back(browser: Client) -> None:
    new, work = make_incident(pole=make_pole(**KIROV)), make_incident(pole=make_pole(**KIROV), status="inProgress")

    body = text(browser, "/map/?hide=work&within=Кировская область")

    assert new.code in body
    assert work.code not in body
    assert body.count('aria-checked="false"') == 1
    legend = dict(re.findall(r'id="key-(\w+)"[^>]*href="([^"]+)"', body))
    assert "hide" not in legend["work"]
    assert "hide=new.work" in legend["new"]
    assert "within=" in legend["new"]


def test_a_long_list_has_pages(browser: Client) -> None:
    pole = make_pole(**KIROV)
    for _ in range(51):
        make_incident(pole=pole)

    first = text(browser, f"/map/?at={pole.pk}", **SIDE)
    after = re.search(r'rel="next" href="([^"]+)"', first)
    assert after
    second = text(browser, "/map/" + after[1].replace("&amp;", "&"), **SIDE)

    codes = re.findall(r'data-code="([^"]+)"', first) + re.findall(r'data-code="([^"]+)"', second)
    assert len(codes) == len(set(codes)) == 51


def test_chips_and_search_stay_on_the_map(browser: Client) -> None:
    body = text(browser, "/map/?who=me")

    assert set(re.findall(r'<form [^>]*method="get" action="([^"]+)"', body)) == {"/map/"}
    assert 'href="/?who=me"' in body  # as a list


def test_a_boosted_link_gets_all_but_the_map(browser: Client) -> None:
    body = text(browser, **BOOSTED)

    assert "<main" in body
    assert 'id="world"' not in body
    assert "<title>" in body


def test_the_points_of_a_filter(browser: Client) -> None:
    pole = make_pole(**KIROV)
    here = make_incident(pole=pole, assignee=None)
    make_incident(pole=pole, assignee=make_user())

    found = points(browser, "?who=none")

    assert found["incidents"]["code"] == [here.code]
    assert found["poles"] == {"id": [pole.pk], "code": [pole.code], "lat": [586000], "lon": [497000], "region": [0]}
    assert (found["regions"], found["outlines"]) == (["Кировская область"], ["kirov"])


def test_an_incident_that_went_away_is_not_told_of(browser: Client) -> None:
    here, gone = make_incident(), make_incident(status="closed", closed_at=timezone.now())

    assert points(browser, f"?codes={here.code},{gone.code}")["incidents"]["code"] == [here.code]


def test_points_that_did_not_change_are_not_sent_again(browser: Client) -> None:
    incident = make_incident(pole=make_pole(**KIROV))
    tag = browser.get("/map/points/")["ETag"]

    assert browser.get("/map/points/", headers={"If-None-Match": tag}).status_code == 304

    incident.due_at = timezone.now() + timedelta(minutes=5)
    incident.opened_at = timezone.now() - timedelta(hours=1)
    incident.save()
    answer = browser.get("/map/points/", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.json()["incidents"]["state"]) == (200, "r")


def test_points_are_sent_compressed(browser: Client) -> None:
    for _ in range(20):
        make_incident(pole=make_pole(**KIROV))
    answer = browser.get("/map/points/", headers={"Accept-Encoding": "gzip"})

    assert answer["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.content))["incidents"]["code"]) == 20


@pytest.mark.parametrize("address", ["/map/", "/map/?within=Кировская область", "/map/?nowhere=1", "/map/points/"])
def test_more_incidents_ask_no_more_questions(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    for number in range(5):
        make_incident(pole=make_pole(**KIROV) if number % 2 else None, assignee=make_user())
    browser.get(address)
    with django_assert_max_num_queries(100) as asked:
        browser.get(address)
    few = len(asked)
    for number in range(45):
        make_incident(pole=make_pole(**KIROV) if number % 2 else None, assignee=make_user())

    # The poles are new, and are read once.
    browser.get(address)
    with django_assert_max_num_queries(few):
        browser.get(address)
