"""Drafts: nothing that was typed is lost, and what was stored does not come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from config import retention
from dispatchers.models import User
from incidents import drafts, presence, services
from incidents.models import Draft, Incident, Presence
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(client: Client) -> User:
    person = make_user()
    client.force_login(person)
    return person


def url(incident: Incident, name: str) -> str:
    return reverse(f"incidents:{name}", args=[incident.code])


def words(incident: Incident, person: User) -> str:
    draft = drafts.of(incident, person)
    return draft.text if draft else ""


def test_the_last_words_are_kept_once_a_person_and_incident() -> None:
    incident, one, other = make_incident(), make_user(), make_user()
    drafts.keep(incident, one, "Звонил", at=NOW)
    drafts.keep(incident, one, "Звонил мастеру", at=NOW + timedelta(seconds=1))
    drafts.keep(incident, other, "Моё", at=NOW)

    assert (words(incident, one), words(incident, other)) == ("Звонил мастеру", "Моё")
    assert words(make_incident(), one) == ""
    assert Draft.objects.count() == 2


def test_an_emptied_field_leaves_no_draft() -> None:
    incident, one = make_incident(), make_user()
    drafts.keep(incident, one, "Звонил", at=NOW)
    drafts.keep(incident, one, " \n", at=NOW)

    assert not Draft.objects.exists()


def test_a_draft_follows_its_incident_into_the_one_it_was_merged_into() -> None:
    source, target, one = make_incident(), make_incident(), make_user()
    drafts.keep(source, one, "Звонил", at=NOW)
    Incident.objects.filter(pk=source.pk).update(merged_into=target)

    assert words(target, one) == "Звонил"
    drafts.clear(target, one)
    assert not Draft.objects.exists()


def test_the_card_shows_the_draft_whoever_the_assignee_is_now(client: Client, me: User) -> None:
    incident = make_incident(assignee=me)
    assert client.post(url(incident, "draft"), {"text": "Звонил <мастеру>"}).status_code == 204
    services.assign(incident, to=make_user(), by=None, at=NOW)

    page = client.get(url(incident, "card")).content.decode()

    assert "Звонил &lt;мастеру&gt;</textarea>" in page
    client.force_login(make_user())
    assert "Звонил" not in client.get(url(incident, "card")).content.decode()


def test_a_stored_note_takes_its_draft_along(client: Client, me: User) -> None:
    incident = make_incident()
    client.post(url(incident, "draft"), {"text": "Звонил"})
    client.post(url(incident, "add_comment"), {"text": "Звонил мастеру"})

    assert incident.comments.get().text == "Звонил мастеру"
    assert not Draft.objects.exists()


def test_a_refused_note_keeps_draft_and_words(client: Client, me: User) -> None:
    incident = make_incident()
    client.post(url(incident, "draft"), {"text": "Звонил"})
    services.add_comment(incident, "Бригада   уже\nвыехала", by=make_user(last_name="Седов"), at=NOW)

    response = client.post(url(incident, "add_comment"), {"text": "Звонил", "seen": 0})

    page = response.content.decode()
    assert response.status_code == 422
    assert "Седов" in page
    assert "Бригада уже выехала" in page
    assert "Звонил</textarea>" in page
    assert words(incident, me) == "Звонил"
    assert incident.comments.count() == 1


def test_the_second_click_knows_what_the_first_was_told(client: Client, me: User) -> None:
    incident = make_incident()
    services.add_comment(incident, "Бригада выехала", by=make_user(), at=NOW)
    newest = incident.events.latest("id").pk

    client.post(url(incident, "add_comment"), {"text": "Звонил", "seen": newest})

    assert incident.comments.count() == 2


def test_ones_own_deeds_and_the_machines_assignment_refuse_no_note(client: Client, me: User) -> None:
    incident = make_incident()
    services.add_comment(incident, "раз", by=me, at=NOW)
    services.assign(incident, to=me, by=None, at=NOW)

    client.post(url(incident, "add_comment"), {"text": "два", "seen": 0})

    assert incident.comments.count() == 2


@pytest.mark.parametrize("facts", [{"text": "x" * 20_001}, {"text": "x", "field": "other"}])
def test_what_no_field_could_hold_is_refused(client: Client, me: User, facts: dict[str, str]) -> None:
    assert client.post(url(make_incident(), "draft"), facts).status_code == 400
    assert not Draft.objects.exists()


def test_cleaning_up_takes_old_drafts_and_marks_and_leaves_the_rest() -> None:
    incident, one = make_incident(), make_user()
    drafts.keep(incident, one, "давно", at=NOW - timedelta(days=91))
    drafts.keep(make_incident(), one, "вчера", at=NOW - timedelta(days=1))
    presence.beat(incident, one, typing=False, now=NOW - timedelta(days=2))
    presence.beat(make_incident(), one, typing=False, now=NOW)

    retention.sweep(now=NOW, delete=True)

    assert list(Draft.objects.values_list("text", flat=True)) == ["вчера"]
    assert Presence.objects.count() == 1
