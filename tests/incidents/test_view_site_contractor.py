"""The page of one contractor: whom to call, what it repairs, how it keeps its deadlines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.roles import Role
from incidents import contractor_work
from mailbox.models import BadAddress
from tests.factories import NOW, make_incident, make_pole, make_user
from towers.models import Contractor

pytestmark = pytest.mark.django_db


@pytest.fixture
def observer(client: Client) -> Client:
    client.force_login(make_user(Role.OBSERVER))
    return client


@pytest.fixture
def contractor() -> Contractor:
    return Contractor.objects.create(name="ООО «ВяткаЭнергоСервис»")


def page(client: Client, contractor: Contractor, **query: str) -> str:
    answer = client.get(reverse("towers:contractor", args=[contractor.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_phones_and_addresses_come_by_the_number_of_poles_they_are_named_for(contractor: Contractor) -> None:
    make_pole(contractor=contractor, contractor_phones=["1", "2"])
    make_pole(contractor=contractor, contractor_phones=["2"])
    make_pole(contractor=contractor, contractor_phones=["3"], gone_at=NOW)
    make_pole(contractor_phones=["4"])

    found = contractor_work.contacts(contractor, "contractor_phones")

    assert [(each.value, each.poles) for each in found] == [("2", 2), ("1", 1)]


def test_the_page_shows_its_people_poles_and_open_incidents(observer: Client, contractor: Contractor) -> None:
    pole = make_pole(contractor=contractor, contractor_phones=["8 908 000 67 20"], contractor_emails=["avr@x.example"])
    incident = make_incident(pole=pole, contractor=contractor)
    stranger = make_incident(pole=make_pole())

    html = page(observer, contractor)

    for text in (contractor.name, "tel:89080006720", "mailto:avr@x.example", pole.code, incident.get_absolute_url()):
        assert text in html
    assert stranger.get_absolute_url() not in html
    assert stranger.pole is not None
    assert stranger.pole.code not in html


def test_what_was_closed_lately_is_counted_with_its_deadlines(contractor: Contractor) -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    for closed, due in ((NOW - hour, NOW), (NOW - hour, None), (NOW - hour, NOW - 2 * hour), (NOW - 31 * day, NOW)):
        opened = NOW - 40 * day
        make_incident(
            contractor=contractor, opened_at=opened, due_at=due, closed_at=closed, active_at=closed, status="closed"
        )
    make_incident(contractor=contractor)

    month = contractor_work.month(contractor, NOW)

    assert (month.closed, month.in_time, month.share) == (3, 2, 67)


def test_a_contractor_without_anything_has_a_page(observer: Client, contractor: Contractor) -> None:
    page(observer, contractor)

    assert contractor_work.month(contractor, NOW).share is None


def test_there_is_no_page_for_an_unknown_contractor(observer: Client, contractor: Contractor) -> None:
    assert observer.get(reverse("towers:contractor", args=[contractor.pk + 1])).status_code == 404


def test_much_takes_as_many_queries_as_little(observer: Client, contractor, django_assert_num_queries) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            pole = make_pole(contractor=contractor, contractor_phones=["1"])
            make_incident(pole=pole, contractor=contractor, opened_at=timezone.now(), assignee=make_user())

    add(5)
    page(observer, contractor)
    with CaptureQueriesContext(connection) as few:
        page(observer, contractor)
    add(45)

    with django_assert_num_queries(len(few)):
        page(observer, contractor)
    assert len(few) <= 16


def test_an_address_that_letters_come_back_from_is_marked_with_the_reason(
    observer: Client, contractor: Contractor
) -> None:
    make_pole(contractor=contractor, contractor_emails=["Gone@energo.example", "well@energo.example"])
    BadAddress.objects.create(address="gone@energo.example", said="550 5.1.1 no such user", at=timezone.now())
    BadAddress.objects.create(address="other@energo.example", said="552 full", at=timezone.now())

    text = page(observer, contractor)

    assert "550 5.1.1 no such user" in text
    assert "/mail/bad-addresses/?q=gone%40energo.example" in text
    assert "552 full" not in text
