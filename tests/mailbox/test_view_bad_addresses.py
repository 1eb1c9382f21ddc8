"""The page of bad addresses: why, since when, the letter that said so, and that one works again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.roles import Role
from mailbox import answering, bad_addresses
from mailbox.models import BadAddress
from tests.factories import make_email, make_incident, make_user

pytestmark = pytest.mark.django_db
URL = "/mail/bad-addresses/"


@pytest.fixture
def desk() -> Client:
    return browser()


def browser(role: str = Role.DISPATCHER) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role))
    client.cookies["django_language"] = "en"
    return client


def make_bad(address: str = "gone@operator.example", *, hours: float = 1, **over: Any) -> BadAddress:
    facts = {"said": "550 5.1.1 no such user", "at": timezone.now() - timedelta(hours=hours), **over}
    return BadAddress.objects.create(address=address, **facts)


def shown(client: Client, query: str = "") -> list[str]:
    return re.findall(r"<b>([^<]+@[^<]+)</b>", client.get(f"{URL}{query}").text)


def test_each_says_why_and_leads_to_the_letter_that_came_back(desk: Client) -> None:
    bounce = make_email(kind="bounce")
    make_incident(code="NT-163341").letters.create(email=bounce, way="thread", thread=bounce.pk)
    make_bad(bounce=bounce)

    page = desk.get(URL).text

    assert "550 5.1.1 no such user" in page
    assert f'href="/letters/{bounce.pk}/"' in page
    assert 'href="/incidents/NT-163341/"' in page
    assert 'href="/letters/out/?q=gone%40operator.example"' in page


def test_the_newest_stands_first_and_what_is_over_is_left_out(desk: Client) -> None:
    make_bad("b@operator.example", hours=5)
    make_bad("a@operator.example")
    make_bad("old@operator.example", hours=31 * 24)

    assert shown(desk) == ["a@operator.example", "b@operator.example"]
    assert shown(desk, "?q=B@OPER") == ["b@operator.example"]


def test_pages_follow_each_other_without_gap_or_double(desk: Client) -> None:
    for n in range(120):
        make_bad(f"n{n}@operator.example", hours=n // 5)

    seen, query = shown(desk), ""
    while onward := re.search(r'rel="next" href="([^"]+)"', desk.get(f"{URL}{query}").text):
        query = onward[1].replace("&amp;", "&")
        seen += shown(desk, query)

    assert len(seen) == len(set(seen)) == 120


def test_one_that_works_again_may_be_written_to_at_once(desk: Client) -> None:
    bad = make_bad()
    now = timezone.now()
    assert set(bad_addresses.among(["Gone+avr@operator.example", "well@operator.example"], now)) == {
        "Gone+avr@operator.example"
    }

    said = desk.post(f"{URL}{bad.pk}/clear/", follow=True).text

    assert "Letters go to gone@operator.example again." in said
    assert bad_addresses.among(["gone@operator.example"], now) == {}
    assert desk.post(f"{URL}{bad.pk}/clear/").status_code == 302


def test_after_its_time_one_is_bad_no_more() -> None:
    bad = make_bad(hours=1)

    assert bad_addresses.among([bad.address], bad_addresses.until(bad) + timedelta(seconds=1)) == {}
    assert bad_addresses.until(bad) == bad.at + answering.BAD_FOR


def test_observers_look_and_have_no_button() -> None:
    bad = make_bad()
    observer = browser(Role.OBSERVER)

    assert "It works again" not in observer.get(URL).text
    assert observer.post(f"{URL}{bad.pk}/clear/").status_code == 403
    assert BadAddress.objects.exists()


def test_the_page_costs_the_same_for_five_and_for_fifty(desk: Client) -> None:
    costs = []
    for number in (5, 45):
        for _ in range(number):
            bounce = make_email(kind="bounce")
            make_incident().letters.create(email=bounce, way="thread", thread=bounce.pk)
            make_bad(f"n{bounce.pk}@operator.example", bounce=bounce)
        desk.get(URL)
        with CaptureQueriesContext(connection) as asked:
            desk.get(URL)
        costs.append(len(asked))

    assert costs[0] == costs[1] <= 4
