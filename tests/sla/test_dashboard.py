"""The dashboard: what it may be asked, and that every number on it is as long as the list it leads to."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.models import Incident
from tests.factories import make_user
from tests.sla.dashboard_story import Story

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    return make_user(role=Role.MANAGER)


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


LINK = re.compile(r'<a\b([^>]*)\shref="(/\?[^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
PLACES = ["/sla/", "/sla/?p=day", "/sla/?p=year", "/sla/by/contractor/?p=month", "/sla/by/region/?p=month"]


def numbers_of(page: str) -> list[tuple[int, str]]:
    """Every number that leads to a list of the desk, and where; a share says its number in the title."""
    found = []
    for before, href, after, inside in LINK.findall(page):
        told = re.search(r"<b[^>]*>([^<]+)</b>", inside)
        words = unescape(told[1] if told else re.sub(r"<[^>]+>", "", inside))
        titled = re.search(r'title="([\d\s\xa0]+)"', before + after)
        words = titled[1] if titled else words
        if re.fullmatch(r"[\d\s\xa0]+", words):
            found.append((int(re.sub(r"\D", "", words)), unescape(href)))
    return found


def length_of(href: str, person: User, now: datetime) -> int:
    """How many incidents the desk lists at this address."""
    read = DeskFilter.read(QueryDict(href.partition("?")[2]), Choices(person))
    keys = {
        row for part in read.apply(Incident.objects.all(), person, now) for row in part.values_list("pk", flat=True)
    }
    return len(keys)


@pytest.mark.parametrize("place", PLACES)
def test_every_number_is_as_long_as_the_list_that_it_leads_to(client: Client, manager: User, place: str) -> None:
    Story(80, days=20)

    numbers = numbers_of(client.get(place).text)

    assert len(numbers) > 10
    assert {href: number for number, href in numbers} == {
        href: length_of(href, manager, timezone.now()) for _number, href in numbers
    }
