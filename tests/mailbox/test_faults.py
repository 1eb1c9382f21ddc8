"""What networks, servers and other people do to a folder while it is being read."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from mailbox import fetching, imap_client, mailboxes, reconciling, store, watching
from mailbox.imap import BROKEN, ImapSession
from mailbox.models import Folder, Receipt
from tests import dovecot
from tests.mailbox import proxy
from tests.written import letter

pytestmark = pytest.mark.django_db


def inbox(server: dovecot.Dovecot) -> Folder:
    return Folder.objects.get(mailbox=mailboxes.follow_settings(), role="inbox")


def test_a_black_hole_is_noticed_after_the_poll_and_the_patience_with_the_socket(server, monkeypatch):
    monkeypatch.setattr(imap_client, "READ_SECONDS", 1.0)
    with proxy.between(server.port) as wire:
        with ImapSession(replace(server.facts, port=wire.port), "INBOX") as session:
            threading.Timer(0.5, wire.swallow).start()
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                session.wait(2, threading.Event())
            assert 2.5 < time.monotonic() - began < 8
        with ImapSession(replace(server.facts, port=wire.port), "INBOX") as session:
            session.refresh()


def test_a_connection_that_drops_in_idle_is_noticed_at_once(server):
    with ImapSession(server.facts, "INBOX") as session:
        threading.Timer(0.3, server.kill).start()
        began = time.monotonic()
        with pytest.raises(BROKEN):
            session.wait(30, threading.Event())
        assert time.monotonic() - began < 10


def test_news_that_came_together_with_another_answer_is_seen_at_once(server):
    with ImapSession(server.facts, "INBOX") as session:
        real = session._client.idle

        def late_letter() -> None:
            real()
            server.append(letter("вместе с ответом"))
            time.sleep(0.5)
            # As if it had come in one packet with "+ idling": out of the socket, in the buffer.
            session._client._imap.file.peek(1)

        session._client.idle = late_letter
        began = time.monotonic()
        session.wait(20, threading.Event())
        assert time.monotonic() - began < 5


def test_letters_that_another_program_deletes_while_they_are_fetched_are_gone_and_no_error(server, monkeypatch):
    server.append_all(letter(f"письмо {number}") for number in range(30))
    folder, real = inbox(server), ImapSession.bodies

    def delete_first(session: ImapSession, uids: list[int]) -> dict[int, bytes]:
        monkeypatch.setattr(ImapSession, "bodies", real)
        with server.client() as other:
            other.select_folder("INBOX")
            other.delete_messages(list(range(3, 28)))
            other.expunge()
        return real(session, uids)

    monkeypatch.setattr(ImapSession, "bodies", delete_first)
    for _ in range(3):
        try:
            with ImapSession(server.facts, "INBOX") as session:
                fetching.fetch_all(folder, session, timezone.now)
        except BROKEN:
            continue  # some servers end the session; the watcher comes again
    stored = set(Receipt.objects.exclude(sha256="").values_list("uid", flat=True))
    assert {1, 2, 28, 29, 30} <= stored
    server.append(letter("после этого"))
    assert watching.look_once() == 1
    folder.refresh_from_db()
    assert (folder.failed_since, folder.last_error) == (None, "")


def test_a_large_letter_that_is_deleted_between_two_pieces_leaves_no_row_and_no_file(server, settings, monkeypatch):
    monkeypatch.setattr("mailbox.imap.PIECE_BYTES", 50_000)
    server.append(letter("большое", "строка\n" * 30_000))
    folder, real, asked = inbox(server), ImapSession._fetch, []

    def fetch(session: ImapSession, uids: list[int], *items: str) -> tuple[dict[int, dict[bytes, object]], list[int]]:
        asked.append(items)
        is_later_piece = "BODY.PEEK[]<" in items[0] and "<0." not in items[0]
        return ({}, []) if is_later_piece else real(session, uids, *items)

    monkeypatch.setattr(ImapSession, "_fetch", fetch)
    with ImapSession(server.facts, "INBOX") as session:
        fetching.fetch_all(folder, session, timezone.now)
    assert len(asked) > 2
    assert not Receipt.objects.exists()
    assert not [path for path in settings.LETTER_STORE.rglob("*") if path.is_file()]


def test_rows_and_cursor_are_written_together_or_not_at_all(server, monkeypatch):
    server.append_all(letter(f"письмо {number}") for number in range(5))

    def dies(*_: object) -> None:
        raise OSError("killed between rows and cursor")

    monkeypatch.setattr(fetching.connecting, "pass_by", dies)
    monkeypatch.setattr(fetching, "_move_cursor", dies)
    with pytest.raises(OSError, match="killed"):
        watching.look_once()
    assert not Receipt.objects.exists()
    monkeypatch.undo()


def test_letters_the_clean_up_swept_are_not_fetched_again_by_the_look_back(server, settings):
    long_ago = timezone.now() - timedelta(days=settings.UNJOINED_LETTER_KEEP_DAYS + 5)
    server.append_all([letter("давно")], received=long_ago)
    server.append(letter("сегодня"))
    assert watching.look_once() == 2
    Receipt.objects.filter(uid=1).delete()
    assert watching.look_once() == 0
    Receipt.objects.filter(uid=2).delete()
    assert watching.look_once() == 1


def test_nothing_on_the_server_changes_whatever_we_do(server):
    server.append_all(letter(f"письмо {number}") for number in range(5))
    server.append(letter("ответ"), dovecot.SENT)
    with server.client() as client:
        client.select_folder("INBOX")
        client.add_flags([2], [b"\\Flagged"])
    before = server.flags(), server.flags(dovecot.SENT)
    watching.look_once()
    server_row = Receipt.objects.get(uid=2, direction="in")
    store.path(server_row.sha256).unlink()
    Receipt.objects.filter(uid=3).delete()
    reconciling.reconcile_all(timezone.now)
    Folder.objects.update(uidvalidity=1)
    watching.look_once()
    assert (server.flags(), server.flags(dovecot.SENT)) == before
