"""Steps that send, on the card: what is in the way stands there before the click, and what became of the letter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from incidents import notices, services
from incidents.models import Incident, IncidentEmail, Notice, Status
from mailbox.models import BadAddress, Outgoing
from tests.factories import make_email, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db
ACCEPTED, HAND_OVER = "uvedomlaemOperatora", "peredatPodradciku"


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"
    settings.INCIDENT_REACTIONS = {"sending": ["incidents.notices.on_status"]}


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


@pytest.fixture
def incident() -> Incident:
    pole = make_pole(contractor_emails=["avr@contractor.example"])
    incident = make_incident(
        status="inProgress", type="power-rf", pole=pole, contractor=pole.contractor, letter_count=1
    )
    email = make_email()
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    return incident


def page(desk: Client, incident: Incident) -> str:
    return desk.get(incident.get_absolute_url()).content.decode()


def press(desk: Client, incident: Incident, key: str, **said: str) -> Incident:
    to = Status.objects.get(key=key)
    desk.post(reverse("incidents:change_status", args=[incident.code]), {"to": to.pk, **said})
    return Incident.objects.get(pk=incident.pk)


def fail(incident: Incident, said: str = "550 5.7.1 no") -> None:
    people = [{"address": "noc@operator.example", "state": "refused", "said": said}]
    Outgoing.objects.update(state=Outgoing.State.FAILED, said=said, recipients=people)
    notices.settle(timezone.now())


def test_an_open_door_is_a_button(desk: Client, incident: Incident) -> None:
    shown = page(desk, incident)
    assert "nt-door" not in shown
    assert 'id="notice"' not in shown


def test_steps_that_send_cost_the_card_a_handful_of_queries(desk: Client, incident: Incident, settings: Any) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(desk, incident)
        return len(queries)

    page(desk, incident)
    with_doors = asked()
    settings.INCIDENT_REACTIONS = {}
    assert with_doors - asked() <= 5


def test_what_is_in_the_way_stands_on_the_card_and_refuses_the_click(desk: Client, incident: Incident) -> None:
    Incident.objects.update(type=None)
    shown = page(desk, incident)
    assert shown.count("nt-door is-shut") == 2

    assert press(desk, incident, ACCEPTED).status.key == "inProgress"
    assert not Outgoing.objects.exists()


def test_a_missing_address_is_entered_at_the_step_itself(desk: Client) -> None:
    incident = make_incident(status="inProgress", type="power-rf", registration="manual", requester_email="")
    assert 'name="address"' in page(desk, incident)
    assert press(desk, incident, ACCEPTED, address="не адрес").status.key == "inProgress"

    incident = press(desk, incident, ACCEPTED, address="caller@operator.example")

    assert (incident.status.key, incident.requester_email) == (ACCEPTED, "caller@operator.example")
    assert Outgoing.objects.get().to_address == "caller@operator.example"


def test_of_a_bad_address_a_person_is_asked_first_and_may_insist(desk: Client, incident: Incident) -> None:
    BadAddress.objects.create(address="noc@operator.example", at=timezone.now(), said="550 5.1.1 unknown")
    assert "550 5.1.1 unknown" in page(desk, incident)
    assert press(desk, incident, ACCEPTED).status.key == "inProgress"
    assert press(desk, incident, ACCEPTED, insist="1").status.key == ACCEPTED


def test_what_was_done_goes_into_the_last_letter(desk: Client, incident: Incident) -> None:
    Incident.objects.update(status=Status.objects.get(key="peredanoPodradciku"))
    assert 'name="reason"' in page(desk, incident)
    press(desk, incident, "uvedomitOZakrytii", reason="Заменён автомат")

    assert incident.events.get(kind="sending").data["reason"] == "Заменён автомат"


def test_while_it_leaves_the_card_counts_down_and_takes_it_back(desk: Client, incident: Incident) -> None:
    press(desk, incident, ACCEPTED)
    shown = page(desk, incident)
    event = incident.events.get(kind="sending")
    assert "data-leaves" in shown
    assert reverse("incidents:take_back", args=[incident.code, event.pk]) in shown
    assert "KeyC" not in shown

    desk.post(reverse("incidents:take_back", args=[incident.code, event.pk]))
    assert Incident.objects.get().status.key == "inProgress"
    assert Outgoing.objects.get().state == Outgoing.State.CANCELLED


def test_a_letter_that_failed_is_sent_again_by_a_button(desk: Client, incident: Incident) -> None:
    press(desk, incident, ACCEPTED)
    fail(incident)
    again = reverse("incidents:retry_notice", args=[incident.code])
    shown = page(desk, incident)
    assert again in shown
    assert "550 5.7.1 no" in shown

    desk.post(again)

    assert Incident.objects.get().status.key == ACCEPTED
    assert Outgoing.objects.filter(state="queued").count() == 1
    assert desk.post(again).status_code == 422


def test_who_may_only_look_is_offered_no_way_to_send_again(client: Client, incident: Incident, me: User) -> None:
    services.change_status(incident, Status.objects.get(key=ACCEPTED), by=me, at=timezone.now())
    fail(incident)
    client.force_login(make_user("viewer"))
    assert reverse("incidents:retry_notice", args=[incident.code]) not in page(client, incident)


def test_a_recipient_who_refused_is_named(desk: Client, incident: Incident) -> None:
    press(desk, incident, HAND_OVER)
    people = [
        {"address": "avr@contractor.example", "state": "refused", "said": "550 5.1.1 unknown"},
        {"address": "desk@towers.example", "state": "accepted", "said": ""},
    ]
    Outgoing.objects.update(state=Outgoing.State.SENT, recipients=people)
    notices.settle(timezone.now())

    assert Incident.objects.get().status.key == "peredanoPodradciku"
    shown = page(desk, incident)
    assert "avr@contractor.example" in shown
    assert "550 5.1.1 unknown" in shown


def test_a_letter_held_back_says_so(desk: Client, incident: Incident, settings: Any) -> None:
    settings.AUTO_ANSWERS_PER_HOUR = 0
    press(desk, incident, ACCEPTED)
    assert Notice.objects.get().state == Notice.State.HELD
    assert "nt-line is-wait" in page(desk, incident)


def test_the_clock_asks_no_more_for_fifty_letters_than_for_five(settings: Any) -> None:
    """As long as they are on their way; those that are over are followed one by one."""
    settings.SEND_UNDO_SECONDS = 60
    me = make_user()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            notices.settle(timezone.now() + timedelta(seconds=1))
        return len(asked)

    counts = []
    for more in (5, 45):
        for _ in range(more):
            incident = make_incident(status="inProgress", type="power-rf")
            services.change_status(incident, Status.objects.get(key=ACCEPTED), by=me, at=timezone.now())
        counts.append(queries())
    assert counts[0] == counts[1] <= 3
