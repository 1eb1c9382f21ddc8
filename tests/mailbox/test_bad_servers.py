"""Servers that lie, babble, refuse and break off: no letter is lost, nothing spins, memory stays small."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailbox import fetching, folder_watch, imap_client, store, watching
from mailbox.imap import BROKEN, Account, ImapSession, LoginRefused
from mailbox.models import Folder, Mailbox, Receipt
from tests.mailbox import bad_server
from tests.mailbox.bad_server import PASSWORD, BadServer
from tests.written import letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def bad(settings: Any) -> Iterator[BadServer]:
    server = BadServer(letters={uid: letter(f"письмо {uid}") for uid in range(1, 6)})
    with bad_server.running(server):
        settings.MAIL_ACCOUNT = server.account
        settings.MAIL_FIRST_LOOK_DAYS = 0
        yield server


def session_with(bad: BadServer) -> ImapSession:
    return ImapSession(Account("127.0.0.1", bad.port, "none", "desk", PASSWORD), "INBOX")


def stored() -> dict[int, bytes]:
    return {row.uid: store.read(row.sha256) for row in Receipt.objects.exclude(sha256="") if row.uid}


def test_one_letter_the_server_refuses_does_not_hide_the_others_of_its_chunk(bad):
    bad.refused = {3}
    assert watching.look_once() == 4
    refused = Receipt.objects.get(sha256="")
    assert (refused.uid, refused.state, refused.reason) == (3, "quarantined", fetching.EMPTY_HANDED)
    bad.refused = set()
    assert watching.look_once() == 1
    assert stored() == bad.letters


def test_a_letter_that_is_refused_again_and_again_is_asked_for_ever_more_rarely_and_at_last_no_more(bad):
    bad.refused = {3}
    watching.look_once()
    folder = Folder.objects.get()
    now, waited = timezone.now(), []
    with session_with(bad) as session:
        while (due := Receipt.objects.get(uid=3).next_try_at) is not None:
            waited.append((due - now).total_seconds())
            now = due + timedelta(seconds=1)
            fetching.fetch(folder, session, now=now)
    assert len(waited) == len(fetching.PLAN)
    assert waited[-1] > 80_000


def test_a_letter_much_longer_than_claimed_is_stored_whole_in_pieces(bad, monkeypatch):
    monkeypatch.setattr(imap_client, "ANSWER_BYTES", 2**20)
    monkeypatch.setattr("mailbox.imap.PIECE_BYTES", 2**18)
    bad.letters[4] = b"Subject: lie\r\n\r\n" + b"0123456789abcde\n" * 200_000
    bad.claimed[4] = 900
    assert watching.look_once() == 5
    assert stored() == bad.letters


def test_a_server_that_knows_no_pieces_gives_what_fits(bad, monkeypatch):
    monkeypatch.setattr(imap_client, "ANSWER_BYTES", 2**20)
    bad.knows_pieces = False
    bad.letters[4] = b"Subject: large\r\n\r\n" + b"0123456789abcde\n" * 400_000
    assert watching.look_once() == 5
    cut = Receipt.objects.get(uid=4)
    assert cut.size == len(bad.letters[4])
    assert len(store.read(cut.sha256)) <= 2**20


def test_a_connection_that_ends_inside_a_letter_leaves_no_half_letter(bad):
    bad.breaks_off_in_letter = True
    with pytest.raises(BROKEN):
        watching.look_once()
    assert not Receipt.objects.exists()
    bad.breaks_off_in_letter = False
    assert watching.look_once() == 5
    assert stored() == bad.letters


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("UID SEARCH", b"* SEARCH one two\r\n{tag} OK\r\n"),
        ("UID SEARCH", b"\x00\xff\xfe garbage\r\n"),
        ("UID SEARCH", b"* SEARCH " + b"1 " * 600_000 + b"\r\n{tag} OK\r\n"),
        ("UID SEARCH", b"{tag} BAD what?\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 RFC822.SIZE\r\n{tag} OK\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 RFC822.SIZE huge INTERNALDATE 7)\r\n{tag} OK\r\n"),
        ("UID FETCH", b"* BYE too busy\r\n"),
        ("EXAMINE", b"* OK [UIDVALIDITY many] x\r\n{tag} OK\r\n"),
        ("EXAMINE", b""),
        ("LOGIN", b""),
        ("CAPABILITY", b"* CAPABILITY HTTP/1.1\r\n{tag} OK\r\n"),
    ],
)
def test_babble_is_told_as_a_broken_connection_and_costs_nothing(bad, command, said):
    bad.instead = {command: said}
    try:
        watching.look_once()
    except BROKEN:
        assert Folder.objects.get().failed_since
    bad.instead = {}
    watching.look_once()
    watching.look_once()
    assert stored() == bad.letters


def test_a_server_that_is_busy_at_login_has_not_refused_the_password(bad):
    bad.refuses_login = "NO [UNAVAILABLE] try later"
    with pytest.raises(ConnectionError):
        watching.look_once()


def test_the_password_is_in_no_message_even_if_the_server_repeats_it(bad, caplog):
    bad.refuses_login = f"NO LOGIN desk {PASSWORD} is wrong"
    account = Account("127.0.0.1", bad.port, "none", "desk", PASSWORD)
    with pytest.raises(LoginRefused) as refused:
        watching.look_once()
    for words in (str(refused.value), repr(account), caplog.text):
        assert PASSWORD not in words
    assert PASSWORD not in Folder.objects.get().last_error


def test_a_server_that_always_claims_news_is_not_asked_in_a_tight_loop(bad):
    bad.always_claims_news = True
    assert count_searches(bad) < 30


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_server_that_ends_idle_at_once_is_connected_to_ever_more_slowly(bad, monkeypatch):
    monkeypatch.setattr(watching, "wake", lambda: None)
    bad.ends_idle_at_once = True
    watching.look_once()
    bad.commands.clear()
    watch = folder_watch.FolderWatch(Folder.objects.get(), (), folder_watch.Gate(), stored=lambda: None)
    watch.start()
    time.sleep(8)
    watch.stop()
    watch.join()
    assert 1 < bad.commands.count("LOGIN") < 6


def test_a_server_whose_answer_never_ends_is_cut_off(bad, monkeypatch, settings):
    bad.drips = True
    settings.MAIL_POLL_SECONDS = 0
    monkeypatch.setattr(folder_watch, "STUCK_SECONDS", 1.0)
    with session_with(bad) as session:
        watch = a_watch()
        watch._session = session
        watch.cut_off_if_stuck()
        timer = threading.Timer(1.5, watch.cut_off_if_stuck)
        timer.start()
        with pytest.raises(BROKEN):
            session.refresh()


def a_watch() -> folder_watch.FolderWatch:
    folder = Folder(pk=0, mailbox=Mailbox(address="desk@bad.example"), name="INBOX")
    return folder_watch.FolderWatch(folder, (), folder_watch.Gate(), stored=lambda: None)


def count_searches(bad: BadServer, seconds: float = 4) -> int:
    """How often the folder is looked at by a watch that runs for so long; without the database."""
    watch = a_watch()
    passes = []

    def look(folder: Folder, session: ImapSession) -> fetching.Pass:
        passes.append(session.uids_from(1))
        return fetching.Pass(0, False)

    watch._pass = look  # type: ignore[method-assign]
    timer = threading.Timer(seconds, watch.stop)
    timer.start()
    with session_with(bad) as session, suppress(*BROKEN):
        list(watch._look_again_and_again(Folder(), session))
    timer.cancel()
    return len(passes)
