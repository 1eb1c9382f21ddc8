"""Connecting a mailbox that has years of letters: from now on, the last days, or everything."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailbox import connecting, fetching, mailboxes, store, watching
from mailbox.imap import ImapSession
from mailbox.models import Folder, Mailbox, Receipt
from tests import dovecot
from tests.written import letter

pytestmark = pytest.mark.django_db


def small(number: int) -> bytes:
    return (
        f"From: noc@operator.example\r\nSubject: old {number}\r\nMessage-ID: <{number}@x.example>\r\n\r\n.\r\n".encode()
    )


def inbox() -> Folder:
    return Folder.objects.get(role="inbox")


def numbers() -> list[int]:
    """Which of the letters made by small() are stored, in the order of their taking."""
    rows = Receipt.objects.filter(folder__role="inbox").order_by("id")
    return [int(store.read(row.sha256).split(b"old ")[1].split(b"\r")[0]) for row in rows]


@pytest.mark.slow
@pytest.mark.django_db
def test_two_thousand_old_letters_come_in_behind_the_new_ones_each_once_through_kills(server, monkeypatch):
    server.append_all(map(small, range(2000)))
    folder, kills = _folder(server), 0
    arrived = 2000
    while connecting.is_unfinished(folder) or not folder.connected_at:
        if kills < 8:
            kills += 1
            with pytest.raises(Killed):
                _passes(folder, server, monkeypatch, die_at=kills + 1)
            server.append(small(arrived))
            arrived += 1
        else:
            _passes(folder, server, monkeypatch)
        folder.refresh_from_db()
    _passes(folder, server, monkeypatch)
    assert Counter(numbers()) == Counter(range(arrived))
    assert (folder.old_total, folder.old_done, folder.left_out) == (2000, 2000, 0)
    uids = Receipt.objects.filter(folder=folder).values_list("uid", flat=True)
    assert sorted(uid for uid in uids if uid) == list(server.flags())
    # The first new one did not wait for the old ones.
    assert numbers().index(2000) < 1600


class Killed(BaseException):
    """Nobody catches it: as if the process were gone."""


def _folder(server: dovecot.Dovecot) -> Folder:
    mailbox = mailboxes.follow_settings()
    assert mailbox is not None
    return Folder.objects.get(mailbox=mailbox)


def _passes(folder: Folder, server: dovecot.Dovecot, monkeypatch: pytest.MonkeyPatch, die_at: int = 0) -> None:
    """Look again and again; die while bytes are stored for the `die_at`-th time, or between bytes and rows."""
    real_put, real_write, count = store.put_all, fetching._write, 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == die_at:
            raise Killed

    with monkeypatch.context() as patch, ImapSession(server.facts, folder.name) as session:
        patch.setattr(store, "put_all", lambda contents: (step(), real_put(contents))[1])
        patch.setattr(fetching, "_write", lambda *words: (real_write(*words), step()))
        fetching.fetch_all(folder, session, timezone.now)


def test_from_now_on_leaves_everything_where_it_is_and_says_how_much(server, settings):
    settings.MAIL_FIRST_LOOK_DAYS = -1
    server.append_all(map(small, range(30)))
    assert watching.look_once() == 0
    assert (inbox().left_out, inbox().old_total, inbox().first_uid) == (30, 0, 31)
    server.append(small(30))
    assert watching.look_once() == 1
    assert watching.look_once() == 0
    assert numbers() == [30]


def test_the_last_days_are_taken_in_and_what_is_older_is_counted(server, settings):
    settings.MAIL_FIRST_LOOK_DAYS = 30
    server.append_all(map(small, range(10)), received=timezone.now() - timedelta(days=90))
    server.append_all(map(small, range(10, 14)), received=timezone.now() - timedelta(days=9))
    assert watching.look_once() == 4
    assert (inbox().left_out, inbox().old_total, inbox().old_done) == (10, 4, 4)


def test_later_one_may_ask_for_more_and_for_everything(server, settings):
    settings.MAIL_FIRST_LOOK_DAYS = -1
    server.append_all(map(small, range(10)), received=timezone.now() - timedelta(days=90))
    server.append_all(map(small, range(10, 14)), received=timezone.now() - timedelta(days=9))
    watching.look_once()
    connecting.ask_for_older(Mailbox.objects.get(), Mailbox.Start.DAYS, 30)
    assert connecting.is_unfinished(inbox())
    assert watching.look_once() == 4
    assert (inbox().left_out, inbox().old_total, inbox().old_done) == (10, 4, 4)
    connecting.ask_for_older(Mailbox.objects.get(), Mailbox.Start.ALL)
    assert watching.look_once() == 10
    assert (inbox().left_out, inbox().first_uid) == (0, 1)
    assert sorted(numbers()) == list(range(14))
    assert not connecting.is_unfinished(inbox())


def test_asking_for_more_in_the_middle_takes_nothing_twice_and_leaves_nothing_out(server, settings, monkeypatch):
    monkeypatch.setattr(connecting, "SLICE", 10)
    settings.MAIL_FIRST_LOOK_DAYS = 30
    server.append_all(map(small, range(25)), received=timezone.now() - timedelta(days=90))
    server.append_all(map(small, range(25, 60)), received=timezone.now() - timedelta(days=9))
    folder = _folder(server)
    with ImapSession(server.facts, folder.name) as session:
        fetching.fetch(folder, session, now=timezone.now())
    connecting.ask_for_older(folder.mailbox, Mailbox.Start.ALL)
    assert watching.look_once() == 50
    assert sorted(numbers()) == list(range(60))
    assert (inbox().old_done, inbox().old_total, inbox().left_out) == (60, 60, 0)


def test_letters_that_lay_there_long_before_are_history_and_yesterdays_are_not(server):
    now = timezone.now()
    server.append_all([small(1)], received=now - timedelta(hours=30))
    server.append_all([small(2)], received=now - timedelta(hours=20))
    watching.look_once()
    server.append_all([small(3)], received=now - timedelta(days=300))
    server.append(small(4))
    watching.look_once()
    assert [row.is_old for row in Receipt.objects.order_by("uid")] == [True, False, True, False]


def test_letters_removed_while_old_ones_come_in_leave_the_progress_whole(server, monkeypatch):
    monkeypatch.setattr(connecting, "SLICE", 5)
    server.append_all(map(small, range(20)))
    folder = _folder(server)
    with ImapSession(server.facts, folder.name) as session:
        fetching.fetch(folder, session, now=timezone.now())
    with server.client() as client:
        client.select_folder("INBOX")
        client.delete_messages(list(range(8, 21)))
        client.expunge()
    watching.look_once()
    assert numbers() == list(range(7))
    assert inbox().old_done == inbox().old_total == 7


def test_a_renumbering_in_the_middle_begins_the_old_letters_anew(server, monkeypatch):
    monkeypatch.setattr(connecting, "SLICE", 5)
    server.append_all(map(small, range(20)), received=timezone.now() - timedelta(days=90))
    folder = _folder(server)
    with ImapSession(server.facts, folder.name) as session:
        fetching.fetch(folder, session, now=timezone.now())
    Folder.objects.filter(pk=folder.pk).update(uidvalidity=1)
    Receipt.objects.update(uidvalidity=1)
    watching.look_once()
    assert Counter(numbers()) == Counter(range(20)) + Counter(range(5))


def test_a_real_new_uidvalidity_reads_the_last_week_again_and_no_more(server):
    server.append_all(map(small, range(3)), received=timezone.now() - timedelta(days=90))
    server.append(small(3))
    watching.look_once()
    with server.client() as client:
        client.create_folder("Aside")
        client.select_folder("INBOX")
        client.copy([1, 2, 3, 4], "Aside")
        client.unselect_folder()
    Folder.objects.filter(role="inbox").update(name="Aside")
    assert watching.look_once() == 1 + 4  # the copy, and INBOX, which is now a folder of its own
    aside = Folder.objects.get(name="Aside")
    assert (aside.left_out, aside.old_total, aside.first_uid) == (3, 0, 4)


def test_a_folder_of_many_blocks_is_counted_and_taken_whole(server, monkeypatch):
    monkeypatch.setattr("mailbox.imap.BLOCK_UIDS", 7)
    server.append_all(map(small, range(40)))
    with server.client() as client:
        client.select_folder("INBOX")
        client.delete_messages([1, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17, 30])
        client.expunge()
    assert watching.look_once() == 28
    with ImapSession(server.facts, "INBOX") as session:
        for first, before in [(1, None), (5, 33), (9, 12), (39, None), (50, None)]:
            wanted = [uid for uid in server.flags() if uid >= first and uid < (before or 99)]
            assert [uid for block in session.uid_blocks(first, before) for uid in block] == wanted


def test_connecting_marks_nothing_and_moves_nothing(server):
    server.append_all(map(small, range(30)))
    server.append(letter("ответ"), dovecot.SENT)
    before: Any = server.flags(), server.flags(dovecot.SENT)
    watching.look_once()
    assert (server.flags(), server.flags(dovecot.SENT)) == before
