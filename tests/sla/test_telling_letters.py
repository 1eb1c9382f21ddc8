"""Warnings by e-mail: each leaves once, through the outbox; many within a minute are one letter."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispatchers.models import User
from mailbox.models import Outgoing
from sla import telling, telling_letters
from sla.models import Told
from tests.factories import NOW, make_user
from tests.sla.test_telling_telegram import warn

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _server(settings) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"


def somebody(address: str = "sedov@towers.example") -> User:
    return make_user(email=address, warn_by_email=True)


def send(at: datetime = NOW) -> int:
    return telling_letters.deliver(at)


def subjects() -> list[str]:
    return list(Outgoing.objects.order_by("pk").values_list("email__subject", flat=True))


def test_a_warning_is_a_letter_to_the_person_alone():
    warning = warn(somebody())

    assert (send(), send()) == (1, 0)

    letter = Outgoing.objects.get()
    assert [each["address"] for each in letter.recipients] == ["sedov@towers.example"]
    assert warning.incident.code in subjects()[0]
    told = Told.objects.get(warning=warning, channel="email")
    assert (told.state, told.outgoing) == ("sent", letter)


def test_more_than_five_in_a_minute_are_one_letter():
    person = somebody()
    for _n in range(3):
        warn(person)
    assert send() == 3
    for _n in range(4):
        warn(person)

    assert send(NOW + 15 * SECOND) == 1
    for _n in range(2):
        warn(person)
    assert send(NOW + 90 * SECOND) == 2

    assert "4" in subjects()[3]


def test_the_desk_itself_is_never_written_to():
    warn(somebody("Desk@Towers.example"))

    assert send() == 0


def test_where_no_letters_leave_none_waits(settings):
    person = somebody()
    telling.try_out(person, Told.Channel.EMAIL, NOW)
    settings.EMAIL_HOST = ""

    warn(person)
    assert send() == 0

    assert Outgoing.objects.count() == 0
    assert set(Told.objects.filter(channel="email").values_list("state", flat=True)) == {"failed"}
