"""A chronic site is marked wherever its incident is met; the card shows the site on a map."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from incidents.chronic import Repeats
from incidents.models import Incident
from tests.factories import make_incident, make_pole, make_user
from towers.models import Pole

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_user())
    return client


def repeat(pole: Pole, number: int) -> Incident:
    now = timezone.now()
    made = [make_incident(pole=pole, opened_at=now - timedelta(days=n), active_at=now) for n in range(number)]
    return made[0]


@pytest.mark.parametrize(("number", "marks"), [(2, 0), (3, 1)])
def test_card_and_preview_mark_a_chronic_site(desk: Client, number: int, marks: int) -> None:
    incident = repeat(make_pole(), number)

    card = desk.get(reverse("incidents:card", args=[incident.code])).text
    preview = desk.get(reverse("incidents:preview", args=[incident.code]), **HTMX).text

    assert card.count("dk-chronic") == preview.count("dk-chronic") == marks


def test_every_row_of_a_chronic_site_has_its_mark_with_words_for_everybody(desk: Client) -> None:
    repeat(make_pole(), 3)
    repeat(make_pole(), 2)

    page = desk.get(reverse("incidents:desk")).text

    title = Repeats(month=3, quarter=3).title
    assert page.count("dk-chronic") == 3
    assert page.count(f'title="{title}"') == page.count(f'<span class="visually-hidden">{title}</span>') == 3


def test_the_card_shows_the_site_among_its_neighbours(desk: Client) -> None:
    incident = repeat(make_pole(latitude=58.0, longitude=50.0), 1)
    failing, quiet = make_pole(latitude=58.03, longitude=50.0), make_pole(latitude=57.97, longitude=50.0)
    make_incident(pole=failing)

    card = desk.get(reverse("incidents:card", args=[incident.code])).text

    assert 'class="mp"' in card
    # Two steps by Tab would be too many for poles where nothing happens: those are named only.
    assert f'<a href="{reverse("towers:pole", args=[failing.code])}" aria-label=' in card
    assert f"<title>{quiet.code}, " in card
    assert f'<a href="{reverse("towers:pole", args=[quiet.code])}" aria-label=' not in card


def test_a_card_without_a_place_has_no_map(desk: Client) -> None:
    for incident in (make_incident(), make_incident(pole=make_pole())):
        assert 'class="mp"' not in desk.get(reverse("incidents:card", args=[incident.code])).text
