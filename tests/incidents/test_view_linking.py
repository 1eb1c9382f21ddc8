"""Links and likenesses on the card: shown with the right words, made and removed by a click."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import linking
from incidents.models import Incident, IncidentLink
from tests.factories import make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me(db: None) -> User:
    return make_user()


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


def url(incident: Incident, name: str) -> str:
    return reverse(f"incidents:{name}", args=[incident.code])


def text_of(response: Any) -> str:
    return response.content.decode()


def on_card(incident: Incident) -> dict[str, str]:
    return {**HTMX, "HTTP_HX_CURRENT_URL": f"http://testserver{incident.get_absolute_url()}"}


def test_a_link_made_on_one_card_is_on_both(desk):
    one, other = make_incident(), make_incident()

    answer = text_of(desk.post(url(one, "link"), {"side": "blocked_by", "to": other.code}, **on_card(one)))

    assert 'class="ln-row holds"' in answer
    assert other.get_absolute_url() in answer
    assert one.get_absolute_url() in text_of(desk.get(other.get_absolute_url()))


def test_without_scripts_the_card_comes_back_with_the_link(desk):
    one, other = make_incident(), make_incident()

    answer = desk.post(url(one, "link"), {"side": "related", "to": other.code.split("-")[1]}, follow=True)

    assert answer.redirect_chain[-1][0] == one.get_absolute_url()
    assert 'class="ln-row"' in text_of(answer)


def test_a_link_is_removed_by_a_click(desk, me):
    one, other = make_incident(), make_incident()
    linking.link(one, "related", other, by=me, at=timezone.now())

    answer = text_of(desk.post(url(one, "unlink"), {"link": IncidentLink.objects.get().pk}, **on_card(one)))

    assert 'class="ln-row"' not in answer
    assert not IncidentLink.objects.exists()


@pytest.mark.parametrize("typed", [{"side": "loves", "to": "NT-1"}, {"side": "related", "to": "NT-1"}, {}])
def test_a_link_to_nothing_is_refused_in_words(desk, typed):
    answer = desk.post(url(make_incident(), "link"), typed)

    assert answer.status_code == 422
    assert not IncidentLink.objects.exists()


def test_an_incident_of_the_same_pole_is_offered_with_reasons_until_it_is_linked(desk, me):
    pole = make_pole()
    one, other = make_incident(pole=pole), make_incident(pole=pole)

    before = text_of(desk.get(one.get_absolute_url()))
    linking.link(one, "related", other, by=me, at=timezone.now())
    after = text_of(desk.get(one.get_absolute_url()))

    assert before.count('class="sm-row"') == 1
    assert 'class="sm-row"' not in after


def test_one_click_merges_the_later_incident_into_the_earlier(desk):
    pole = make_pole()
    early, late = make_incident(pole=pole), make_incident(pole=pole)

    on_early, on_late = (text_of(desk.get(each.get_absolute_url())) for each in (early, late))
    merge = f'action="{url(late, "merge")}"'

    assert merge in on_early
    assert merge in on_late
    desk.post(url(late, "merge"), {"to": early.code})
    late.refresh_from_db()
    assert late.merged_into == early


def test_a_closed_incident_offers_nothing_and_cannot_take_another_one(desk):
    pole, now = make_pole(), timezone.now()
    closed, opened = make_incident(pole=pole, status="closed", closed_at=now), make_incident(pole=pole)

    assert "sm-row" not in text_of(desk.get(closed.get_absolute_url()))
    page = text_of(desk.get(opened.get_absolute_url()))
    assert 'class="sm-row closed"' in page
    assert f'name="to" value="{closed.code}" title' not in page


def test_a_neighbour_on_another_pole_is_linked_not_merged(desk):
    now = timezone.now()
    here = make_incident(pole=make_pole(latitude=58.6, longitude=49.6), opened_at=now)
    near = make_incident(pole=make_pole(latitude=58.61, longitude=49.6), opened_at=now)

    page = text_of(desk.get(here.get_absolute_url()))

    assert near.get_absolute_url() in page
    assert url(near, "merge") not in page
    assert url(here, "link") in page


def test_whoever_may_only_look_sees_links_without_buttons(client, me):
    one, other = make_incident(), make_incident()
    linking.link(one, "related", other, by=me, at=timezone.now())
    client.force_login(make_user(role=Role.OBSERVER))

    page = text_of(client.get(one.get_absolute_url()))

    assert 'class="ln-row"' in page
    assert url(one, "unlink") not in page
    assert url(one, "link") not in page


def test_the_timeline_says_it_in_words(desk, me):
    one, other = make_incident(), make_incident()
    linking.link(one, "duplicate", other, by=me, at=timezone.now())

    page = text_of(desk.get(one.get_absolute_url()))

    said = page[page.index('id="card-talk"') : page.index('id="card-facts"')]
    assert other.get_absolute_url() in said
    assert str(linking.SIDES["duplicate"].words) in said


def test_many_links_and_likenesses_cost_as_many_queries_as_few(desk, me):
    pole = make_pole(latitude=58.6, longitude=49.6)
    one = make_incident(pole=pole)

    def cost() -> int:
        desk.get(one.get_absolute_url())
        with CaptureQueriesContext(connection) as queries:
            desk.get(one.get_absolute_url())
        return len(queries)

    def more(count: int) -> None:
        for _n in range(count):
            make_incident(pole=pole, opened_at=timezone.now())
            linking.link(one, "related", make_incident(), by=me, at=timezone.now())

    more(5)
    few = cost()
    more(20)

    assert cost() == few
