"""Alerts: once when mail stops coming, once when it comes again, whatever restarts and whoever does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from demo.telegram import Telegram
from mailbox import alerts, notices
from mailbox.models import Folder, Mailbox, Notice, Outgoing, Receipt, Reconciliation, Settled, Trouble
from tests.factories import make_email, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 8, 18, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram(token="1:x") as server:
        yield server


@pytest.fixture(autouse=True)
def _told(settings: Any, telegram: Telegram) -> None:
    settings.TG_API_URL, settings.TG_TOKEN, settings.TG_CHATS = telegram.url, "1:x", ["7"]
    settings.EMAIL_HOST, settings.ALERT_EMAILS = "smtp.towers.example", ["keeper@towers.example"]


def make_folder(name: str = "INBOX", *, seen: datetime = NOW, **over: Any) -> Folder:
    mailbox = Mailbox.objects.get_or_create(address="desk@towers.example")[0]
    facts = {"role": "inbox", "last_ok_at": seen, "watched_since": NOW - timedelta(days=1), **over}
    return Folder.objects.create(mailbox=mailbox, name=name, **facts)


def make_receipt(state: str = "new", *, stored: datetime = NOW, **over: Any) -> Receipt:
    facts = {"direction": "in", "sha256": "0" * 64, "size": 1, "received_at": stored, "state": state, **over}
    receipt = Receipt.objects.create(**facts)
    Receipt.objects.filter(pk=receipt.pk).update(stored_at=stored)
    return receipt


def tick(minutes: float = 0) -> None:
    """What the clock does, so many minutes after NOW."""
    now = NOW + minutes * MINUTE
    alerts.check(now)
    notices.deliver(now=lambda: now)


def letters() -> list[str]:
    return [letter.subject for letter in mail.outbox]


def test_a_folder_that_is_behind_is_told_once_and_once_when_it_is_read_again(telegram):
    folder = make_folder(last_error="[AUTHENTICATIONFAILED] Invalid credentials", failed_since=NOW)

    for minute in range(12):
        tick(minute)
    Folder.objects.update(last_ok_at=NOW + 12 * MINUTE, last_error="", failed_since=None)
    for minute in range(12, 16):
        tick(minute)

    said = [each.text for each in telegram.sent]
    assert [text[0] for text in said] == ["🔴", "🟢"]
    assert "desk@towers.example / INBOX" in said[0]
    assert "18.08.2026 15:00" in said[0]  # the desk's clock
    assert letters() == [f"Dispatch: {text.splitlines()[0][2:]}" for text in said]
    assert Trouble.objects.get().folder == folder


def test_four_minutes_alarm_nobody(telegram):
    make_folder()

    tick(4)

    assert Trouble.objects.count() == 0


def test_a_folder_switched_on_a_minute_ago_is_not_late(telegram):
    make_folder(seen=NOW - timedelta(days=9), watched_since=NOW - MINUTE)
    make_folder("never looked at", seen=None, watched_since=NOW - MINUTE)

    tick()

    assert Trouble.objects.count() == 0


@pytest.mark.parametrize("what", ["folder", "mailbox"])
def test_what_nobody_wants_watched_alarms_nobody(what):
    folder = make_folder(seen=NOW - timedelta(days=1))
    model = Folder if what == "folder" else Mailbox
    model.objects.update(is_watched=False)

    tick()

    assert (Trouble.objects.count(), folder.is_watched) == (0, True)


def test_each_folder_is_told_by_itself(telegram):
    make_folder("INBOX", seen=NOW - 10 * MINUTE)
    make_folder("Archive", seen=NOW - 10 * MINUTE)

    tick()

    assert len(telegram.sent) == 2


def test_a_restart_tells_nothing_twice_and_forgets_nothing(telegram):
    make_folder(seen=NOW - 10 * MINUTE)
    alerts.check(NOW)  # and the process dies before it sends

    tick(1)
    tick(2)

    assert (len(telegram.sent), len(letters())) == (1, 1)


def test_letters_that_nobody_takes_are_told_once_and_once_when_they_are_taken(telegram):
    make_receipt(stored=NOW - 6 * MINUTE)
    for minute in range(3):
        tick(minute)
        make_receipt(stored=NOW)
    Receipt.objects.all().delete()
    tick(9)
    tick(10)

    assert len(telegram.sent) == 2


def test_history_that_waits_alarms_nobody():
    make_receipt(stored=NOW - timedelta(hours=5), is_old=True)

    tick()

    assert Trouble.objects.count() == 0


def test_a_quarantine_that_grows_is_told_at_most_once_an_hour(telegram):
    make_receipt("quarantined")
    for minute in range(1, 50):
        tick(minute)
        make_receipt("quarantined")
    assert len(telegram.sent) == 1
    tick(62)
    tick(63)
    assert len(telegram.sent) == 2
    assert "49" in telegram.sent[1].text
    assert "50" in telegram.sent[1].text


def test_an_emptied_quarantine_is_silent_and_the_next_letter_in_it_is_told(telegram):
    make_receipt("quarantined")
    tick()
    Receipt.objects.all().delete()
    tick(1)
    make_receipt("quarantined")
    tick(2)

    assert len(telegram.sent) == 2


def test_letters_that_a_comparison_missed_are_told_once_however_many_nights(telegram):
    folder = make_folder(seen=NOW + timedelta(days=9))
    for night in range(3):
        Reconciliation.objects.create(folder=folder, at=NOW + timedelta(days=night), missing=[4, 5], without_bytes=1)
        tick(night * 24 * 60)
    Reconciliation.objects.create(folder=folder, at=NOW + timedelta(days=3))
    tick(3 * 24 * 60)

    assert len(telegram.sent) == 2
    assert "3" in telegram.sent[0].text


def test_a_comparison_that_failed_says_nothing_about_letters():
    folder = make_folder()
    Reconciliation.objects.create(folder=folder, at=NOW, missing=[4], error="timed out")

    tick()

    assert Trouble.objects.count() == 0


def test_a_server_that_asks_for_patience_gets_it(telegram):
    make_folder(seen=NOW - 10 * MINUTE)
    telegram.fail("busy", times=1, retry_after=600)

    for minute in range(10):
        tick(minute)
    assert (telegram.calls, len(telegram.sent)) == (1, 0)
    tick(10)
    assert len(telegram.sent) == 1


def test_a_server_that_fails_is_asked_again_by_plan_and_given_up_after_a_day(telegram):
    make_folder(seen=NOW - 10 * MINUTE)
    telegram.fail("down", times=10_000)

    for minute in range(26 * 60):
        Folder.objects.update(last_ok_at=NOW - 10 * MINUTE)
        notices.deliver(now=lambda at=NOW + minute * MINUTE: at)
        if minute == 0:
            tick()

    notice = Notice.objects.get(channel="telegram")
    assert (notice.state, notice.said) == ("failed", "502 Bad Gateway")
    assert 20 < notice.attempts < 40
    assert len(letters()) == 1  # the other way is not kept waiting


def test_a_letter_that_is_refused_is_tried_again_and_says_why(monkeypatch, telegram):
    def refuse(self: object, *_: object) -> None:
        raise SMTPRecipientsRefused({"keeper@towers.example": (550, b"no such mailbox")})

    make_folder(seen=NOW - 10 * MINUTE)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", refuse)
        tick()
    waiting = Notice.objects.get(channel="email")
    assert "no such mailbox" in waiting.said

    tick(1)

    assert (len(letters()), len(telegram.sent)) == (1, 1)


def test_no_robot_answers_an_alert_and_the_desk_itself_gets_none(settings):
    settings.ALERT_EMAILS = ["Desk@towers.example", "keeper@towers.example"]
    make_folder(seen=NOW - 10 * MINUTE)

    tick()

    assert [letter.to for letter in mail.outbox] == [["keeper@towers.example"]]
    assert mail.outbox[0].message()["Auto-Submitted"] == "auto-generated"


def test_without_anybody_to_tell_trouble_is_still_noted(settings):
    settings.TG_TOKEN, settings.EMAIL_HOST = "", ""
    make_folder(seen=NOW - 10 * MINUTE)

    tick()

    assert (Trouble.objects.count(), Notice.objects.count()) == (1, 0)


def test_one_recipient_who_cannot_be_reached_keeps_nobody_waiting(settings, telegram):
    telegram.chats = frozenset({"8"})
    settings.TG_CHATS = ["7", "8"]
    make_folder(seen=NOW - 10 * MINUTE)

    tick()

    assert [each.chat for each in telegram.sent] == ["8"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_workers_that_look_at_the_same_moment_tell_once(monkeypatch, telegram):
    make_folder(seen=NOW - 10 * MINUTE)
    save = Notice.save

    def save_slowly(self: Notice, **over: Any) -> None:
        time.sleep(0.2)  # so that all of them have looked before the first has claimed
        save(self, **over)

    monkeypatch.setattr(Notice, "save", save_slowly)

    def work() -> None:
        tick()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    tick()
    assert (len(telegram.sent), len(letters())) == (1, 1)


def test_looking_at_a_mail_that_is_well_costs_as_many_queries_however_many_folders(django_assert_num_queries):
    for number in range(30):
        make_folder(f"folder {number}")

    with django_assert_num_queries(15):
        tick()


def make_outgoing(state: str, minutes_ago: float = 60, **over: Any) -> Outgoing:
    facts = {"state": state, "to_address": "noc@operator.example", "queued_at": NOW - minutes_ago * MINUTE, **over}
    return Outgoing.objects.create(email=make_email(direction="out"), **facts)


def test_letters_of_ours_that_did_not_leave_are_told_with_those_of_which_nobody_knows(telegram):
    make_outgoing("failed")
    make_outgoing("failed")
    make_outgoing("unknown")

    tick()
    tick(1)

    assert {(each.kind, each.told) for each in Trouble.objects.all()} == {("unsent", 2), ("unsure", 1)}
    assert len(telegram.sent) == 2


def test_a_letter_of_unknown_fate_whose_copy_may_still_come_alarms_nobody():
    make_outgoing("unknown", minutes_ago=5)

    tick()

    assert Trouble.objects.count() == 0


def test_what_a_person_settled_is_no_trouble_and_its_end_calms_nobody(telegram):
    letter = make_outgoing("failed")
    quarantined = make_receipt("quarantined")
    tick()
    for kind, row in (("outgoing", letter), ("receipt", quarantined)):
        Settled.objects.create(kind=kind, number=row.pk, person=make_user(), at=NOW)

    tick(1)

    assert Trouble.objects.filter(until=None).count() == 0
    assert len(telegram.sent) == 2


def test_the_brake_is_told_when_it_is_on_and_when_it_is_off_again(telegram, settings):
    settings.AUTO_ANSWERS_PER_HOUR = 3
    for _ in range(3):
        make_outgoing("sent", minutes_ago=10, is_automatic=True)

    tick()
    tick(1)
    tick(55)

    said = [each.text for each in telegram.sent]
    assert [text[0] for text in said] == ["🔴", "🟢"]
    assert Trouble.objects.get().kind == "brake"
