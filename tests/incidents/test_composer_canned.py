"""Canned answers: whose they are, what they say about an incident, and what is wrong with one that is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import canned
from incidents.errors import DomainError
from incidents.models import CannedAnswer, Incident
from tests.factories import NOW, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


def write(person: User, name: str = "выезд", text: str = "Бригада выехала.", **over: Any) -> CannedAnswer:
    return canned.save(person, name, text, **{"is_shared": False, "at": NOW, **over})


def shown(incident: Incident, person: User) -> list[str]:
    return [each.text for each in canned.filled(incident, person, now=NOW)]


def test_an_answer_is_filled_with_what_the_incident_knows_and_blank_where_it_does_not(me: User) -> None:
    write(me, text="Опора {{ pole }}, срок {{ deadline }}. {{ dispatcher }}")

    assert shown(make_incident(pole=make_pole("41960-P-43-1-1")), me) == [
        "Опора 41960-P-43-1-1, срок ___. Анна Крылова"
    ]


def test_what_its_writer_asks_for_himself_is_left_out_where_it_is_not_known(me: User) -> None:
    write(me, text="Принято.{% if pole %} Опора {{ pole }}.{% endif %}")

    assert shown(make_incident(), me) == ["Принято."]


def test_everybody_has_his_own_and_what_is_everybodys(me: User) -> None:
    manager = make_user(Role.MANAGER)
    write(me, "моё")
    write(make_user(), "чужое")
    write(manager, "общее", is_shared=True)

    assert [(each.name, each.is_own) for each in canned.filled(make_incident(), me, now=NOW)] == [
        ("моё", True),
        ("общее", False),
    ]


def test_a_dispatcher_keeps_to_himself_what_he_would_share(me: User) -> None:
    assert write(me, is_shared=True).owner == me
    shared = write(make_user(Role.MANAGER), "общее", is_shared=True)
    with pytest.raises(DomainError):
        write(me, "общее", answer=shared)
    with pytest.raises(DomainError):
        canned.remove(me, shared)


@pytest.mark.parametrize("text", ["", "  ", "Опора {{ pol }}", "{% if pole %}", "{% include 'x' %}", "{{ pole|safe }}"])
def test_what_could_not_be_filled_is_refused(me: User, text: str) -> None:
    with pytest.raises(DomainError):
        write(me, text=text)
    assert not CannedAnswer.objects.exists()


def test_a_name_is_taken_once_by_each(me: User) -> None:
    write(me)
    with pytest.raises(DomainError):
        write(me)
    write(make_user())
    assert CannedAnswer.objects.count() == 2


def test_words_that_are_not_understood_any_more_stand_as_they_were_written(me: User) -> None:
    CannedAnswer.objects.create(owner=me, name="старое", text="Опора {{ gone }}", changed_at=NOW)

    assert shown(make_incident(), me) == ["Опора {{ gone }}"]


def test_the_page_adds_changes_and_removes(client: Client, me: User) -> None:
    client.force_login(me)
    address = reverse("incidents:canned")

    client.post(address, {"name": "выезд", "text": "Бригада выехала."})
    answer = CannedAnswer.objects.get()
    assert "выезд" in client.get(address).content.decode()
    refused = client.post(reverse("incidents:canned_change", args=[answer.pk]), {"name": "выезд", "text": "{{ x }}"})
    assert refused.status_code == 422
    assert "{{ x }}" in refused.content.decode()
    client.post(reverse("incidents:canned_change", args=[answer.pk]), {"name": "в пути", "text": "Едем."})
    answer.refresh_from_db()
    assert (answer.name, answer.text, answer.owner) == ("в пути", "Едем.", me)
    client.post(reverse("incidents:canned_remove", args=[answer.pk]))
    assert not CannedAnswer.objects.exists()


def test_nobody_reaches_the_answer_of_another(client: Client, me: User) -> None:
    answer = write(make_user())
    client.force_login(me)

    for name in ("canned_change", "canned_remove"):
        assert client.post(reverse(f"incidents:{name}", args=[answer.pk])).status_code == 404


def test_list_and_page_cost_the_same_for_five_and_for_fifty(client: Client, me: User) -> None:
    client.force_login(me)
    incident = make_incident(pole=make_pole())
    addresses = [reverse("incidents:canned"), reverse("incidents:reply_canned", args=[incident.code])]
    counts = []
    for n in range(50):
        write(me, f"n{n}", "Опора {{ pole }}, {{ type }}, срок {{ deadline }}")
        if n in (4, 49):
            with CaptureQueriesContext(connection) as asked:
                for address in addresses:
                    client.get(address)
            counts.append(len(asked))

    assert counts[0] == counts[1]
