"""The nightly comparison of servers and ledger, against a real server."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django.utils.module_loading import import_string

from config.schedule import BEAT_SCHEDULE
from mailbox import connecting, fetching, mailboxes, reconciling, store, watching
from mailbox.imap import ImapSession
from mailbox.models import Folder, Receipt, Reconciliation
from tests import dovecot
from tests.written import letter

pytestmark = pytest.mark.django_db


def inbox_row() -> Reconciliation:
    reconciling.reconcile_all(timezone.now)
    return Reconciliation.objects.filter(folder__role="inbox").latest("id")


def numbers(row: Reconciliation) -> tuple[int, int, int, list[int], int, str]:
    return row.on_server, row.in_ledger, row.gone, row.missing, row.without_bytes, row.error


@pytest.fixture
def stored(server: dovecot.Dovecot) -> dovecot.Dovecot:
    server.append_all(letter(f"письмо {number}") for number in range(10))
    watching.look_once()
    return server


def test_a_ledger_that_holds_everything_is_good(stored, capsys):
    call_command("reconcile_mail")
    assert "10 on the server, 10 of them in the ledger, 0 gone" in capsys.readouterr().out
    assert all(map(reconciling.is_good, Reconciliation.objects.all()))


def test_what_is_missing_is_said_and_fetched(stored, capsys):
    Receipt.objects.filter(uid__in=[2, 7]).delete()
    with pytest.raises(CommandError) as ended:
        call_command("reconcile_mail")
    assert ended.value.returncode == 1
    assert "MISSING, fetched now: 2, 7" in capsys.readouterr().out
    assert numbers(Reconciliation.objects.get(folder__role="inbox")) == (10, 8, 0, [2, 7], 0, "")
    assert numbers(inbox_row()) == (10, 10, 0, [], 0, "")
    assert Receipt.objects.count() == 10


def test_letters_that_people_deleted_or_moved_are_gone_and_nothing_else(stored):
    with stored.client() as client:
        client.select_folder("INBOX")
        client.delete_messages([1, 5, 10])
        client.expunge()
    assert numbers(inbox_row()) == (7, 7, 3, [], 0, "")


def test_lost_bytes_are_noticed_and_fetched_again(stored):
    row = Receipt.objects.get(uid=4)
    before = store.read(row.sha256)
    store.path(row.sha256).unlink()
    assert numbers(inbox_row()) == (10, 10, 0, [], 1, "")
    assert store.read(row.sha256) == before
    assert Receipt.objects.count() == 10


def test_letters_that_just_came_are_not_missing(stored):
    stored.append(letter("только что"))
    assert numbers(inbox_row()) == (11, 10, 0, [], 0, "")


def test_old_letters_that_are_still_to_come_are_not_missing(server, monkeypatch):
    monkeypatch.setattr(connecting, "SLICE", 4)
    server.append_all(letter(f"старое {number}") for number in range(10))
    folder = Folder.objects.get(mailbox=mailboxes.follow_settings())
    with ImapSession(server.facts, folder.name) as session:
        fetching.fetch(folder, session, now=timezone.now())
    assert numbers(inbox_row()) == (10, 4, 0, [], 0, "")


def test_letters_left_out_by_choice_are_not_counted(server, settings):
    settings.MAIL_FIRST_LOOK_DAYS = -1
    server.append(letter("до нас"))
    watching.look_once()
    server.append(letter("при нас"))
    watching.look_once()
    assert numbers(inbox_row()) == (1, 1, 0, [], 0, "")


def test_rows_that_were_swept_for_their_age_are_neither_missing_nor_fetched_again(server, settings):
    long_ago = timezone.now() - timedelta(days=settings.UNJOINED_LETTER_KEEP_DAYS + 40)
    server.append_all([letter("давно")], received=long_ago)
    server.append(letter("сегодня"))
    watching.look_once()
    Receipt.objects.filter(uid=1).delete()
    assert numbers(inbox_row()) == (2, 1, 0, [], 0, "")
    assert watching.look_once() == 0


def test_a_folder_of_many_blocks_is_compared_whole(stored, monkeypatch):
    monkeypatch.setattr("mailbox.imap.BLOCK_UIDS", 3)
    Receipt.objects.filter(uid__in=[1, 3, 4, 10]).delete()
    assert numbers(inbox_row()) == (10, 6, 0, [1, 3, 4, 10], 0, "")


def test_a_renumbered_folder_is_not_compared_before_it_was_read_again(stored):
    Folder.objects.filter(role="inbox").update(uidvalidity=1)
    assert inbox_row().error == reconciling.RENUMBERED


def test_a_folder_that_cannot_be_read_gets_a_row_that_says_so_and_the_others_are_compared(stored):
    Folder.objects.filter(role="inbox").update(name="Wrok")
    reconciling.reconcile_all(timezone.now)
    assert "does not exist" in Reconciliation.objects.get(folder__role="inbox").error
    assert Reconciliation.objects.get(folder__role="sent").error == ""


def test_comparing_marks_nothing_and_moves_nothing(stored):
    before = stored.flags(), stored.flags(dovecot.SENT)
    Receipt.objects.filter(uid=3).delete()
    store.path(Receipt.objects.get(uid=4).sha256).unlink()
    reconciling.reconcile_all(timezone.now)
    assert (stored.flags(), stored.flags(dovecot.SENT)) == before


def test_the_clock_compares_every_night(stored, monkeypatch):
    woken = []
    monkeypatch.setattr(watching, "wake", lambda: woken.append(True))
    Receipt.objects.filter(uid=3).delete()
    task = import_string(BEAT_SCHEDULE["compare mail servers and ledger"]["task"])
    assert task() == 1
    assert woken == [True]
