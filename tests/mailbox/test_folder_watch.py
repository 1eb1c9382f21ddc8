"""The watcher as it runs: threads, a real server, and everything that may happen to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from mailbox import fetching, folder_watch, imap_client, sealing, watching
from mailbox.models import Folder, Mailbox, Receipt
from tests import dovecot
from tests.written import letter

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def watcher(server: dovecot.Dovecot, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Starts the watcher when called."""
    monkeypatch.setattr(watching, "ROSTER_SECONDS", 0.3)
    settings.MAIL_POLL_SECONDS = 30
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(stop,))
    yield thread.start
    stop.set()
    if thread.ident:
        thread.join(timeout=15)


def _watch(stop: threading.Event) -> None:
    try:
        watching.watch(stop)
    finally:
        connections.close_all()


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_well(count: int = 2) -> bool:
    return Folder.objects.filter(last_ok_at__isnull=False, failed_since=None).count() == count


def failing() -> str:
    return Folder.objects.exclude(failed_since=None).values_list("last_error", flat=True).first() or ""


def test_it_sees_a_letter_at_once_and_heals_after_the_server_was_away(server, watcher):
    watcher()
    until(is_well)
    time.sleep(0.3)
    server.append(letter("первая"))
    until(lambda: Receipt.objects.count() == 1, seconds=2)
    server.kill()
    until(failing)
    server.start()
    server.append(letter("вторая"))
    until(lambda: Receipt.objects.count() == 2, seconds=30)
    until(is_well, seconds=30)


def test_a_mailbox_added_while_it_runs_is_watched_and_one_switched_off_is_not(server, settings, watcher):
    settings.MAIL_ACCOUNT = None
    watcher()
    facts = {"host": "127.0.0.1", "port": server.port, "security": "none", "login": dovecot.LOGIN}
    mailbox = Mailbox.objects.create(
        address="added@towers.example", password=sealing.seal(dovecot.PASSWORD), start="all", **facts
    )
    server.append(letter("раз"))
    until(lambda: Receipt.objects.count() == 1)
    until(is_well)
    mailbox.is_watched = False
    mailbox.save()
    time.sleep(2 * watching.ROSTER_SECONDS)
    server.append(letter("два"))
    time.sleep(1)
    assert Receipt.objects.count() == 1


def test_a_refused_login_is_tried_rarely_and_at_once_when_asked(server, settings, watcher, monkeypatch):
    tries = []
    real = imap_client.Client.login
    monkeypatch.setattr(imap_client.Client, "login", lambda self, *words: (tries.append(words), real(self, *words))[1])
    settings.MAIL_ACCOUNT = {**server.account, "password": "wrong"}
    watcher()
    until(failing)
    assert "login refused" in failing()
    assert "wrong" not in failing()
    time.sleep(3)
    assert len(tries) == 1
    settings.MAIL_ACCOUNT = server.account
    Folder.objects.update(asked_at=timezone.now())
    until(is_well, seconds=10)


def test_the_pauses_after_refusals_grow_to_half_an_hour(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(folder_watch, "monotonic", lambda: clock[0])
    gate, pauses = folder_watch.Gate(), []
    for _ in range(8):
        gate.refused()
        pauses.append(gate.enter())
        clock[0] += pauses[-1]
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_only_one_folder_of_a_mailbox_tries_a_login_that_was_refused():
    gate = folder_watch.Gate()
    gate.refused()
    gate.open()
    assert gate.enter() == 0
    assert gate.enter() > 0
    gate.accepted()
    assert gate.enter() == gate.enter() == 0


def test_a_renamed_folder_is_named_together_with_those_that_exist(server, watcher):
    with server.client() as client:
        client.create_folder("Work")
    watcher()
    until(is_well)
    folder = Folder.objects.get(role="inbox")
    folder.name = "Wrok"
    folder.save()
    until(failing)
    assert failing() == "folder Wrok does not exist; the server has: INBOX, Work, Отправленные"


def test_it_heals_when_the_database_was_away(server, watcher, monkeypatch):
    watcher()
    until(is_well)
    psycopg_connection = _break_database(monkeypatch)
    server.append(letter("пока базы нет"))
    time.sleep(3)
    psycopg_connection()
    until(lambda: Receipt.objects.count() == 1, seconds=45)
    until(is_well, seconds=30)


def _break_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nobody but this thread gets a connection any more; the sessions that exist are ended. Returns the cure."""
    from django.db import OperationalError, connection
    from django.db.backends.postgresql.base import DatabaseWrapper

    real, me = DatabaseWrapper.get_new_connection, threading.get_ident()

    def refused(self: Any, parameters: Any) -> Any:
        if threading.get_ident() == me:
            return real(self, parameters)
        raise OperationalError("connection refused")

    monkeypatch.setattr(DatabaseWrapper, "get_new_connection", refused)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    return lambda: monkeypatch.setattr(DatabaseWrapper, "get_new_connection", real)


def test_a_full_disk_is_said_so_and_nothing_is_lost_when_there_is_room_again(server, watcher, monkeypatch):
    from mailbox import store

    def full(content: object) -> None:
        raise store.NotStored(OSError(28, "No space left on device"))

    watcher()
    until(is_well)
    monkeypatch.setattr(fetching.store, "put_all", full)
    server.append(letter("не влезло"))
    until(lambda: "disk full" in failing(), seconds=10)
    assert not Receipt.objects.exists()
    monkeypatch.undo()
    monkeypatch.setattr(watching, "wake", lambda: None)
    until(lambda: Receipt.objects.count() == 1, seconds=30)
    until(is_well)


def test_two_watchers_never_read_one_folder(server, watcher):
    watcher()
    until(is_well)
    second = watching._Roster()
    second.follow()
    assert not second._watches
    second.let_go()


def test_it_stops_within_two_seconds(server):
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(stop,))
    thread.start()
    until(is_well)
    began = time.monotonic()
    stop.set()
    thread.join(timeout=10)
    assert time.monotonic() - began < 3
