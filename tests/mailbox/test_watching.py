"""Letters come from a real server: Dovecot where it is installed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import close_old_connections
from django.utils import timezone

from mailbox import fetching, store, watching
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Folder, Receipt
from tests import dovecot
from tests.written import letter

pytestmark = [
    pytest.mark.skipif(not dovecot.is_installed(), reason="needs Dovecot (apt install dovecot-imapd)"),
    pytest.mark.django_db,
]


@pytest.fixture
def server() -> Iterator[dovecot.Dovecot]:
    with dovecot.running() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    monkeypatch.setattr(watching, "wake", lambda: None)


def test_one_look_stores_inbox_and_sent_byte_for_byte_and_marks_nothing(server):
    raw = letter("тема", charset="koi8-r").replace(b"\n", b"\r\n")
    server.append(raw)
    server.append(letter("ответ"), dovecot.SENT)
    assert watching.look_once(server.account) == 2
    inbox_receipt = Receipt.objects.get(direction="in")
    assert store.read(inbox_receipt.sha256) == raw
    with server.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert b"\\Seen" not in client.get_flags([1])[1]


def test_another_sent_folder_in_the_settings_is_the_one_watched(server):
    watching.look_once(server.account)
    with server.client() as client:
        client.create_folder("Archive")
    server.append(letter("в архиве"), "Archive")
    assert watching.look_once({**server.account, "sent": "Archive"}) == 1
    assert Receipt.objects.get().direction == "out"


def test_the_customers_spelling_without_its_last_sign_finds_the_folder(server):
    server.append(letter("ответ"), dovecot.SENT)
    assert watching.look_once({**server.account, "sent": dovecot.SENT.removesuffix("-")}) == 1


def test_a_second_look_stores_nothing_twice(server):
    server.append(letter())
    assert watching.look_once(server.account) == 1
    assert watching.look_once(server.account) == 0


def test_letters_that_came_while_we_were_away_are_all_found(server):
    watching.look_once(server.account)
    with server.client() as client:
        for number in range(230):
            client.append("INBOX", letter(f"авария {number}"))
    assert watching.look_once(server.account) == 230


def test_a_renumbered_folder_is_read_again_and_forgets_nothing(server):
    server.append(letter("раз"))
    watching.look_once(server.account)
    folder = Folder.objects.get(role="inbox")
    folder.uidvalidity -= 1  # as if the server had counted anew since
    folder.save()
    Receipt.objects.update(uidvalidity=folder.uidvalidity)
    assert watching.look_once(server.account) == 1
    assert Receipt.objects.count() == 2


def test_a_letter_too_large_is_stored_by_its_beginning(server, settings):
    settings.MAIL_MAX_BYTES = 10_000
    server.append(letter("большое", "строка\n" * 5_000))
    server.append(letter("после него"))
    assert watching.look_once(server.account) == 2
    large, small = Receipt.objects.order_by("uid")
    assert large.size > settings.MAIL_MAX_BYTES
    assert len(store.read(small.sha256)) == small.size


def test_old_letters_of_a_new_mailbox_stay_where_they_are(server, settings):
    settings.MAIL_FIRST_LOOK_DAYS = 30
    with server.client() as client:
        client.append("INBOX", letter("давно"), msg_time=timezone.now().replace(year=2020))
    server.append(letter("сегодня"))
    assert watching.look_once(server.account) == 1


def test_a_letter_the_server_does_not_hand_over_is_seen_and_asked_for_again(server, monkeypatch):
    server.append(letter("упрямое"))
    real = ImapSession.raw
    monkeypatch.setattr(ImapSession, "raw", lambda self, listed, most: ((each, None) for each in listed))
    assert watching.look_once(server.account) == 0
    assert Receipt.objects.get().reason == fetching.EMPTY_HANDED
    monkeypatch.setattr(ImapSession, "raw", real)
    assert watching.look_once(server.account) == 1
    assert Receipt.objects.get().state == "new"


def test_a_refused_login_is_told_apart_from_a_broken_connection(server):
    with pytest.raises(LoginRefused):
        watching.look_once({**server.account, "password": "wrong"})
    with pytest.raises(BROKEN):
        watching.look_once({**server.account, "port": 1})


def test_waiting_on_a_connection_that_died_raises_and_does_not_spin(server):
    with ImapSession(server.account, "INBOX") as session:
        threading.Timer(0.3, server.kill).start()
        began = time.monotonic()
        with pytest.raises(BROKEN):
            session.wait(30, threading.Event())
        assert time.monotonic() - began < 10


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_watcher_sees_a_letter_at_once_and_heals_after_the_server_was_away(server, settings):
    settings.MAIL_POLL_SECONDS = 30
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(server, stop))
    watcher.start()
    try:
        _until(lambda: Folder.objects.filter(last_ok_at__isnull=False).count() == 2)
        time.sleep(0.3)
        server.append(letter("первая"))
        _until(lambda: Receipt.objects.count() == 1, seconds=2)
        server.kill()
        _until(lambda: Folder.objects.filter(failed_since__isnull=False).exists())
        server.start()
        server.append(letter("вторая"))
        _until(lambda: Receipt.objects.count() == 2, seconds=30)
        _until(lambda: not Folder.objects.filter(failed_since__isnull=False).exists(), seconds=30)
    finally:
        stop.set()
        watcher.join(timeout=10)


def _watch(server: dovecot.Dovecot, stop: threading.Event) -> None:
    try:
        watching.watch(server.account, stop)
    finally:
        close_old_connections()


def _until(condition, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
