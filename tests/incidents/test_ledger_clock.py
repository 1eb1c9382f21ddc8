"""What pages say of the ledger: the last day as it is, the days before as the clock found them, and no gap between."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import Role
from incidents import ledger, ledger_clock, mail_problems
from incidents.models import LedgerCheck
from incidents.tasks import compare_ledger
from tests.factories import make_email, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def lone_letter(at: datetime) -> None:
    """Stored, and no folder showed it: an orphan."""
    make_email(received_at=at)


def kinds(now: datetime) -> dict[str, int]:
    return {alarm.kind: alarm.number for alarm in ledger_clock.alarms(now, ledger_clock.before(now))}


def test_where_the_clock_has_never_looked_the_page_asks_about_the_whole_week() -> None:
    lone_letter(NOW - timedelta(days=3))

    assert kinds(NOW) == {"orphan": 1}
    assert ledger_clock.before(NOW).at is None


def test_the_last_day_is_asked_at_once_and_the_days_before_are_what_the_clock_found() -> None:
    lone_letter(NOW - timedelta(days=3))
    assert compare_ledger()["orphan"] == 1
    lone_letter(NOW - timedelta(days=2))
    lone_letter(NOW - timedelta(hours=1))

    assert kinds(NOW) == {"orphan": 2}

    ledger_clock.compare(NOW)
    assert kinds(NOW) == {"orphan": 3}
    assert LedgerCheck.objects.count() == 3


@pytest.mark.parametrize("minutes", [0, 4, 29])
def test_no_letter_falls_between_what_the_clock_compared_and_what_is_asked_now(minutes: int) -> None:
    until = NOW - ledger.LIVE
    for moment in (until - timedelta(seconds=1), until, until + timedelta(seconds=1), until + timedelta(minutes=3)):
        lone_letter(moment)
    ledger_clock.compare(NOW)

    assert kinds(NOW + timedelta(minutes=minutes)) == {"orphan": 4}


def test_what_is_put_right_is_gone_when_the_clock_has_looked_again() -> None:
    lone_letter(NOW - timedelta(days=3))
    ledger_clock.compare(NOW)
    type(make_email()).objects.all().delete()

    ledger_clock.compare(NOW)

    assert kinds(NOW) == {}


def test_a_clock_that_stands_still_is_an_alarm_itself() -> None:
    ledger_clock.compare(NOW)
    assert kinds(NOW + timedelta(minutes=29)) == {}

    late = NOW + timedelta(minutes=31)

    assert kinds(late) == {"unchecked": 1}
    assert mail_problems.counts(late)["unchecked"] == 1


def test_what_the_clock_found_reddens_the_mark_and_stands_among_the_problems() -> None:
    lone_letter(NOW - timedelta(days=3))
    ledger_clock.compare(NOW)

    assert ledger.attention(NOW).alarms == 1
    assert mail_problems.counts(NOW)["orphan"] == 1


def test_the_page_says_when_the_days_before_were_compared(client: Client) -> None:
    client.force_login(make_user(role=Role.DISPATCHER))
    english = {"accept-language": "en"}
    assert "the days before at" not in client.get("/letters/balance/", headers=english).text
    ledger_clock.compare(NOW)

    said = f"the days before at {timezone.localtime(NOW):%H:%M}."

    assert said in client.get("/letters/balance/", headers=english).text


def test_the_page_asks_the_same_however_many_letters_there_are(client: Client) -> None:
    client.force_login(make_user(role=Role.DISPATCHER))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/letters/balance/")
        return len(queries)

    client.get("/letters/balance/")
    for day in range(5):
        lone_letter(NOW - timedelta(days=day))
    few = asked()
    for day in range(45):
        lone_letter(NOW - timedelta(days=day % 30))

    assert asked() == few
