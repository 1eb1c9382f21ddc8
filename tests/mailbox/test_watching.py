"""Letters come from a real server: Dovecot where it is installed."""

from __future__ import annotations

import threading
import time

import pytest
from django.utils import timezone

from mailbox import fetching, store, watching
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Folder, Receipt
from tests import dovecot
from tests.written import letter

pytestmark = pytest.mark.django_db


def test_one_look_stores_inbox_and_sent_byte_for_byte_and_marks_nothing(server):
    raw = letter("тема", charset="koi8-r").replace(b"\n", b"\r\n")
    server.append(raw)
    server.append(letter("ответ"), dovecot.SENT)
    assert watching.look_once() == 2
    inbox_receipt = Receipt.objects.get(direction="in")
    assert store.read(inbox_receipt.sha256) == raw
    with server.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert b"\\Seen" not in client.get_flags([1])[1]


def test_another_sent_folder_in_the_settings_is_the_one_watched(server, settings):
    watching.look_once()
    with server.client() as client:
        client.create_folder("Archive")
    server.append(letter("в архиве"), "Archive")
    settings.MAIL_ACCOUNT = {**server.account, "sent": "Archive"}
    assert watching.look_once() == 1
    assert Receipt.objects.get().direction == "out"
    assert Folder.objects.get(role="sent", is_watched=True).name == "Archive"


def test_the_customers_spelling_without_its_last_sign_finds_the_folder(server, settings):
    server.append(letter("ответ"), dovecot.SENT)
    settings.MAIL_ACCOUNT = {**server.account, "sent": dovecot.SENT.removesuffix("-")}
    assert watching.look_once() == 1


def test_a_second_look_stores_nothing_twice(server):
    server.append(letter())
    assert watching.look_once() == 1
    assert watching.look_once() == 0


def test_letters_that_came_while_we_were_away_are_all_found(server):
    watching.look_once()
    with server.client() as client:
        for number in range(230):
            client.append("INBOX", letter(f"авария {number}"))
    assert watching.look_once() == 230


def test_a_renumbered_folder_is_read_again_and_forgets_nothing(server):
    server.append(letter("раз"))
    watching.look_once()
    folder = Folder.objects.get(role="inbox")
    folder.uidvalidity -= 1  # as if the server had counted anew since
    folder.save()
    Receipt.objects.update(uidvalidity=folder.uidvalidity)
    assert watching.look_once() == 1
    assert Receipt.objects.count() == 2


def test_a_letter_too_large_is_stored_by_its_beginning(server, settings):
    settings.MAIL_MAX_BYTES = 10_000
    server.append(letter("большое", "строка\n" * 5_000))
    server.append(letter("после него"))
    assert watching.look_once() == 2
    large, small = Receipt.objects.order_by("uid")
    assert large.size > settings.MAIL_MAX_BYTES
    assert len(store.read(small.sha256)) == small.size


def test_old_letters_of_a_new_mailbox_stay_where_they_are(server, settings):
    settings.MAIL_FIRST_LOOK_DAYS = 30
    with server.client() as client:
        client.append("INBOX", letter("давно"), msg_time=timezone.now().replace(year=2020))
    server.append(letter("сегодня"))
    assert watching.look_once() == 1


def test_a_letter_the_server_does_not_hand_over_is_seen_and_asked_for_again(server, monkeypatch):
    server.append(letter("упрямое"))
    real = ImapSession.bodies
    monkeypatch.setattr(ImapSession, "bodies", lambda self, uids: {})
    assert watching.look_once() == 0
    assert Receipt.objects.get().reason == fetching.EMPTY_HANDED
    monkeypatch.setattr(ImapSession, "bodies", real)
    assert watching.look_once() == 1
    assert Receipt.objects.get().state == "new"


def test_a_refused_login_is_told_apart_from_a_broken_connection(server, settings):
    settings.MAIL_ACCOUNT = {**server.account, "password": "wrong"}
    with pytest.raises(LoginRefused):
        watching.look_once()
    settings.MAIL_ACCOUNT = {**server.account, "port": 1}
    with pytest.raises(BROKEN):
        watching.look_once()


def test_waiting_on_a_connection_that_died_raises_and_does_not_spin(server):
    with ImapSession(server.facts, "INBOX") as session:
        threading.Timer(0.3, server.kill).start()
        began = time.monotonic()
        with pytest.raises(BROKEN):
            session.wait(30, threading.Event())
        assert time.monotonic() - began < 10
