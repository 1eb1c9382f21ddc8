"""Who has not got a letter of ours is named on the card, with the server's words."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.models import IncidentEmail
from mailbox.models import Outgoing
from tests.factories import NOW, make_email, make_incident, make_user

pytestmark = pytest.mark.django_db

GONE = {"address": "gone@operator.example", "state": "bounced", "said": "550 5.1.1 no such user"}
GOT = {"address": "noc@operator.example", "state": "accepted", "said": "250 OK"}


def page_of(client: Client, state: str, recipients: list[dict[str, str]]) -> str:
    incident, letter = make_incident(), make_email(direction="out", from_email="desk@towers.example")
    IncidentEmail.objects.create(incident=incident, email=letter, way=IncidentEmail.Way.THREAD, thread=letter.pk)
    Outgoing.objects.create(email=letter, to_address=GONE["address"], queued_at=NOW, state=state, recipients=recipients)
    client.force_login(make_user())
    return client.get(incident.get_absolute_url()).content.decode()


def test_the_one_it_came_back_from_is_named(client: Client) -> None:
    page = page_of(client, "sent", [GONE, GOT])

    assert page.count("gone@operator.example") == 1
    assert "550 5.1.1 no such user" in page


def test_whoever_got_it_is_not(client: Client) -> None:
    assert "250 OK" not in page_of(client, "sent", [GONE, GOT])


def test_a_letter_that_left_to_nobody_says_so_once(client: Client) -> None:
    refused = [GONE | {"state": "refused"}, GOT | {"state": "refused"}]

    assert "gone@operator.example" not in page_of(client, "failed", refused)
