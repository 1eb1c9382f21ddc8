from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from tests.factories import NOW, make_pole, make_station, make_user
from towers.models import Pole

pytestmark = pytest.mark.django_db


@pytest.fixture
def observer(client: Client) -> Client:
    client.force_login(make_user(Role.OBSERVER))
    return client


def page(client: Client, pole: Pole) -> str:
    answer = client.get(reverse("towers:pole", args=[pole.code]))
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
    assert f"{reverse('incidents:desk')}?q={pole.code}" in html


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


def test_the_number_of_queries_does_not_grow_with_the_stations(observer: Client, django_assert_max_num_queries) -> None:
    pole = make_pole()
    for _ in range(30):
        make_station(pole=pole)

    with django_assert_max_num_queries(7):
        page(observer, pole)
