"""What a click offers afterwards: the way back, in words."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import cards, services
from incidents.models import Incident, IncidentEmail, IncidentType, Status
from incidents.templatetags.together import way_back
from tests.factories import NOW, make_email, make_incident, make_user

HTMX = {"HTTP_HX_REQUEST": "true"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def me(client: Client) -> User:
    person = make_user()
    client.force_login(person)
    return person


def url(incident: Incident, name: str, *more: int) -> str:
    return reverse(f"incidents:{name}", args=[incident.code, *more])


def test_a_step_on_the_desk_and_on_the_card_offers_to_take_it_back(client: Client, me: User) -> None:
    incident = make_incident(assignee=me, status="inProgress", type=IncidentType.objects.first())
    to = Status.objects.get(key="closed")

    page = client.post(url(incident, "change_status"), {"to": to.pk}, **HTMX).content.decode()

    way_back = url(incident, "take_back", incident.events.latest("id").pk)
    assert to.name in page
    assert way_back in page
    client.post(way_back, **HTMX)
    incident.refresh_from_db()
    assert incident.status.key == "inProgress"


def test_taking_offers_one_way_back_for_both_halves(client: Client, me: User) -> None:
    incident = make_incident()

    page = client.post(url(incident, "take"), **HTMX).content.decode()

    assert page.count("take-back") == 2  # action and hx-post of one form
    client.post(url(incident, "take_back", incident.events.latest("id").pk), **HTMX)
    incident.refresh_from_db()
    assert (incident.assignee, incident.status.key) == (None, "new")


def test_a_refusal_says_who_was_newer_and_changes_nothing(client: Client, me: User) -> None:
    incident = make_incident()
    client.post(url(incident, "assign"), {"to": me.pk})
    mine = incident.events.latest("id")
    other = make_user(last_name="Седов")
    services.assign(incident, to=other, by=other, at=mine.at)

    page = client.post(url(incident, "take_back", mine.pk), **HTMX).content.decode()

    assert "Седов" in page
    incident.refresh_from_db()
    assert incident.assignee == other


def test_an_event_of_another_incident_is_not_found(client: Client, me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=NOW)

    assert client.post(url(make_incident(), "take_back", incident.events.latest("id").pk)).status_code == 404


def test_a_refused_click_offers_nothing(client: Client, me: User) -> None:
    incident = make_incident()

    page = client.post(url(incident, "change_status"), {"to": incident.status_id}, **HTMX).content.decode()

    assert "take-back" not in page


def lines_with_a_way_back(incident: Incident, person: User, now: datetime) -> list[int]:
    """The events that the timeline offers to undo."""
    card = cards.load(cards.find(incident.code), person, now)
    found = [way_back(entry, card, now) for entry in card.timeline.entries]
    return [each.pk for each in found if each]


def test_the_timeline_offers_it_on_the_newest_line_of_each_fact_for_ten_minutes(me: User) -> None:
    incident = make_incident(status="inProgress")
    services.assign(incident, to=make_user(), by=me, at=NOW)
    services.assign(incident, to=me, by=me, at=NOW + timedelta(minutes=1))
    assigned = incident.events.latest("id").pk
    services.change_status(incident, Status.objects.get(key="closed"), by=me, at=NOW + timedelta(minutes=2))
    closed = incident.events.latest("id").pk

    assert lines_with_a_way_back(incident, me, NOW + timedelta(minutes=3)) == [assigned, closed]
    assert lines_with_a_way_back(incident, me, NOW + timedelta(minutes=11, seconds=30)) == [closed]
    observer = make_user(role=Role.OBSERVER)
    assert lines_with_a_way_back(incident, observer, NOW + timedelta(minutes=3)) == []


def test_a_line_whose_fact_the_machine_has_changed_since_offers_nothing(me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=NOW)
    services.assign(incident, to=make_user(), by=None, at=NOW + timedelta(minutes=1))

    assert lines_with_a_way_back(incident, me, NOW + timedelta(minutes=2)) == []


def test_a_step_decided_without_the_latest_letter_is_asked_about_again_with_its_words_kept(
    client: Client, me: User
) -> None:
    incident = make_incident(status="inProgress")
    services.attach_email(incident, make_email(), way=IncidentEmail.Way.THREAD, at=NOW)
    facts = {"to": Status.objects.get(key="error").pk, "reason": "нет такого шифра", "seen": 0}

    page = client.post(url(incident, "change_status"), facts)

    assert page.status_code == 422
    assert "нет такого шифра</textarea>" in page.content.decode()
    incident.refresh_from_db()
    assert incident.status.key == "inProgress"
    client.post(url(incident, "change_status"), {**facts, "seen": incident.events.latest("id").pk})
    incident.refresh_from_db()
    assert incident.status.key == "error"
