"""The page of the reckonings, the part beside the card, and the links that are made there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from incidents import services
from incidents.models import Incident, IncidentEvent, Status
from sla.models import DisputeLink
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def me() -> User:
    return make_user(first_name="Павел", last_name="Седов")


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


@pytest.fixture
def incident() -> Incident:
    opened = timezone.now() - timedelta(hours=5)
    return make_incident(type="power-msk", status="inProgress", opened_at=opened, active_at=opened)


def test_the_page_tells_every_clock_with_its_rule(desk: Client, incident: Incident) -> None:
    page = desk.get(f"/sla/clocks/{incident.code}/").content.decode()

    assert page.count('class="ex-rows"') == 2
    assert incident.subject in page


def test_beside_the_card_there_is_one_clock(desk: Client, incident: Incident) -> None:
    page = desk.get(f"/sla/clocks/{incident.code}/incident/", headers=HTMX).content.decode()

    assert page.count('class="ex-rows"') == 1
    assert "<html" not in page


def test_a_clock_that_has_not_started_says_when_it_does(desk: Client, incident: Incident) -> None:
    answer = desk.get(f"/sla/clocks/{incident.code}/contractor/")

    assert answer.status_code == 200
    assert 'class="ex-rows"' not in answer.content.decode()


def test_what_is_no_clock_is_not_found(desk: Client, incident: Incident) -> None:
    assert desk.get(f"/sla/clocks/{incident.code}/tea/").status_code == 404
    assert desk.get("/sla/clocks/NT-1/").status_code == 404


def test_the_cost_does_not_grow_with_what_happened(desk: Client, me: User, incident: Incident) -> None:
    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get(f"/sla/clocks/{incident.code}/")
        return len(queries)

    desk.post(f"/sla/clocks/{incident.code}/incident/link/")
    few = ask()
    for number in range(50):
        key = "needAcceptance" if number % 2 == 0 else "inProgress"
        services.change_status(incident, Status.objects.get(key=key), by=me, at=timezone.now(), reason="так надо")
    for _ in range(5):
        desk.post(f"/sla/clocks/{incident.code}/incident/link/")

    assert ask() == few <= 22


def test_a_link_is_made_at_once_shown_and_recorded(desk: Client, me: User, incident: Incident) -> None:
    page = desk.post(f"/sla/clocks/{incident.code}/incident/link/", headers=HTMX).content.decode()

    link = DisputeLink.objects.get()
    assert "/sla/dispute/" in page
    event = IncidentEvent.objects.get(kind="clock_link_made")
    assert (event.actor, event.data) == (me, {"clock": "incident", "link": link.pk})


def test_no_link_leads_to_a_clock_that_has_not_started(desk: Client, incident: Incident) -> None:
    answer = desk.post(f"/sla/clocks/{incident.code}/contractor/link/", headers=HTMX)

    assert answer.status_code == 422
    assert not DisputeLink.objects.exists()


def test_the_dispatchers_own_clock_is_not_for_strangers(desk: Client, incident: Incident) -> None:
    answer = desk.post(f"/sla/clocks/{incident.code}/first_action/link/", headers=HTMX)

    assert answer.status_code == 422
    assert "/first_action/link/" not in desk.get(f"/sla/clocks/{incident.code}/").content.decode()


def test_who_may_only_look_makes_no_link(incident: Incident) -> None:
    client = Client()
    client.force_login(make_user("observer"))

    assert client.post(f"/sla/clocks/{incident.code}/incident/link/").status_code == 403
    assert "/link/" not in client.get(f"/sla/clocks/{incident.code}/").content.decode()


def test_a_link_is_revoked_on_the_page_and_that_is_recorded_once(desk: Client, incident: Incident) -> None:
    desk.post(f"/sla/clocks/{incident.code}/incident/link/")
    link = DisputeLink.objects.get()

    for _ in range(2):
        desk.post(f"/sla/clocks/{incident.code}/links/{link.pk}/revoke/")

    link.refresh_from_db()
    assert link.revoked_at
    assert IncidentEvent.objects.filter(kind="clock_link_revoked").count() == 1


def test_a_link_of_another_incident_is_not_revoked_from_here(desk: Client, incident: Incident) -> None:
    desk.post(f"/sla/clocks/{incident.code}/incident/link/")
    other = make_incident()

    answer = desk.post(f"/sla/clocks/{other.code}/links/{DisputeLink.objects.get().pk}/revoke/")

    assert answer.status_code == 404


def test_the_card_leads_from_each_clock_to_its_reckoning(desk: Client, incident: Incident) -> None:
    page = desk.get(f"/incidents/{incident.code}/").content.decode()

    for clock in ("first_action", "incident", "contractor"):
        assert f'hx-get="/sla/clocks/{incident.code}/{clock}/"' in page
