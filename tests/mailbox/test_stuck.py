"""Letters that do not leave are told of, whatever the reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from mailbox import alerts, pace, stuck
from mailbox.models import Notice, SmtpAccount
from tests.factories import NOW
from tests.mailbox.outgoing import queue

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=11)


@pytest.fixture(autouse=True)
def _sending(settings) -> None:
    settings.EMAIL_HOST, settings.ALERT_EMAILS = "smtp.towers.example", ["keeper@towers.example"]


@pytest.fixture
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_a_letter_that_nobody_sends_is_stuck_after_ten_minutes() -> None:
    queue()

    assert stuck.find(NOW + timedelta(minutes=10)) is None
    assert stuck.find(LATER) == stuck.Stuck(1, NOW, "")


def test_letters_for_later_are_not_stuck() -> None:
    queue(leaves_at=NOW + timedelta(days=1))
    pace.pause(None, "timed out", now=NOW, until=LATER)

    assert stuck.find(LATER) is None


def test_letters_of_a_server_in_trouble_are_stuck_though_they_are_to_be_tried_again_soon() -> None:
    letter = queue()
    pace.pause(None, "timed out", now=NOW, until=LATER)
    letter.state, letter.next_try_at = "retrying", LATER + timedelta(minutes=1)
    letter.save()

    assert stuck.find(LATER) == stuck.Stuck(1, NOW, "timed out")


def test_the_trouble_of_one_account_does_not_count_the_letters_of_another() -> None:
    letter = queue()
    row = SmtpAccount.objects.create(name="other", from_address="other@towers.example", host="smtp.towers.example")
    letter.next_try_at = LATER
    letter.save()
    pace.pause(row.pk, "timed out", now=NOW, until=LATER)

    assert stuck.find(LATER) is None


@pytest.mark.usefixtures("_english")
def test_people_are_told_once_and_once_more_when_letters_leave_again() -> None:
    letter = queue()
    pace.pause(None, "[Errno 111] Connection refused", now=NOW, until=LATER)
    alerts.check(LATER)
    alerts.check(LATER + timedelta(minutes=1))
    (told,) = Notice.objects.all()
    assert told.title == "1 letter does not leave"
    assert "Nobody answers at this port." in told.text

    letter.state = "sent"
    letter.save()
    pace.note_sent(None, LATER)
    alerts.check(LATER + timedelta(minutes=2))
    assert [each.is_good for each in Notice.objects.order_by("pk")] == [False, True]
