"""What the folder of sent letters tells, and the copies we put there: by a real IMAP server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes

import pytest
from django.utils import timezone

from mailbox import in_doubt, inbox, mailboxes, outbox, sent_copies, store
from mailbox.models import Folder, Outgoing, Receipt
from tests.dovecot import SENT, Dovecot
from tests.mailbox.outgoing import A, B, queue, state_of
from tests.smtp_server import DROP, DROP_KEEPING, SmtpServer, smtp_server

pytestmark = pytest.mark.django_db

State, Copy = Outgoing.State, Outgoing.Copy
# The server's own clock dates what is appended by others.
NOW = timezone.now().replace(microsecond=0)
SOON = NOW + timedelta(seconds=30)


@pytest.fixture
def folder(server: Dovecot) -> Folder:
    """The Sent folder of the settings' mailbox."""
    mailbox = mailboxes.follow_settings()
    return Folder.objects.create(mailbox=mailbox, name=SENT, role=Folder.Role.SENT)


@pytest.fixture
def smtp(settings) -> Iterator[SmtpServer]:
    settings.EMAIL_KEEP_COPIES = True
    with smtp_server(settings) as running:
        yield running


def sent(*recipients: str) -> Outgoing:
    letter = queue(*recipients, leaves_at=NOW)
    outbox.send_due(now=lambda: NOW)
    letter.refresh_from_db()
    return letter


def copies(server: Dovecot, folder: str = SENT) -> list[bytes]:
    with server.client() as client:
        client.select_folder(folder, readonly=True)
        return [row[b"BODY[]"] for row in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]


def ids(server: Dovecot) -> list[str]:
    return [str(message_from_bytes(raw)["Message-ID"]) for raw in copies(server)]


def test_a_letter_that_left_is_put_into_the_sent_folder_byte_for_byte(
    server: Dovecot, folder: Folder, smtp: SmtpServer
) -> None:
    letter = sent(A)
    assert letter.copy_state == Copy.WAITING

    assert sent_copies.keep_due(NOW) == 0
    assert sent_copies.keep_due(SOON) == 1

    letter.refresh_from_db()
    assert (letter.copy_state, letter.copy_next_try_at) == (Copy.KEPT, None)
    assert copies(server) == [store.read(letter.email.sha256)]
    assert list(server.flags(SENT).values()) == [(b"\\Seen", b"\\Recent")]


def test_its_copy_is_known_as_the_letter_itself(server: Dovecot, folder: Folder, smtp: SmtpServer) -> None:
    letter = sent(A)
    sent_copies.keep_due(SOON)

    receipt = inbox.receive(copies(server)[0], direction="out", received_at=NOW)
    (found,) = inbox.store([inbox.read(receipt)])

    assert (found.email, found.is_copy) == (letter.email, True)


def test_a_server_that_keeps_copies_itself_gets_no_second_one(
    server: Dovecot, folder: Folder, smtp: SmtpServer
) -> None:
    letter = sent(A)
    raw = store.read(letter.email.sha256)
    server.append(b"Received: by submission\r\n" + raw, SENT)

    assert sent_copies.keep_due(SOON) == 1
    assert len(ids(server)) == 1


def test_whoever_died_between_the_copy_and_its_mark_leaves_one_copy(
    server: Dovecot, folder: Folder, smtp: SmtpServer
) -> None:
    letter = sent(A)
    sent_copies.keep_due(SOON)
    Outgoing.objects.update(copy_state=Copy.WAITING, copy_next_try_at=NOW)

    sent_copies.keep_due(SOON)

    letter.refresh_from_db()
    assert letter.copy_state == Copy.KEPT
    assert ids(server) == [letter.email.message_id]


def test_without_the_setting_nothing_is_put_there(server: Dovecot, folder: Folder, smtp: SmtpServer, settings) -> None:
    settings.EMAIL_KEEP_COPIES = False
    letter = sent(A)

    assert letter.copy_state == ""
    assert sent_copies.keep_due(SOON) == 0


def test_a_letter_that_failed_has_no_copy(server: Dovecot, folder: Folder, smtp: SmtpServer) -> None:
    smtp.at_the_end = "554 5.7.1 spam"

    assert sent(A).copy_state == ""


def test_a_server_that_is_away_is_tried_by_plan_and_then_a_person_sees_it(
    server: Dovecot, folder: Folder, smtp: SmtpServer
) -> None:
    letter = sent(A)
    server.kill()
    at: datetime | None = SOON
    while at:
        sent_copies.keep_due(at)
        letter.refresh_from_db()
        at = letter.copy_next_try_at
    assert (letter.copy_state, letter.copy_attempts) == (Copy.FAILED, len(sent_copies.PLAN) + 1)
    assert letter.state == State.SENT
    assert letter.copy_said

    server.start()
    assert sent_copies.keep_again(letter, now=NOW)
    assert sent_copies.keep_due(NOW) == 1
    assert ids(server) == [letter.email.message_id]
    assert not sent_copies.keep_again(letter, now=NOW)


def test_a_letter_without_bytes_takes_no_other_down(server: Dovecot, folder: Folder, smtp: SmtpServer) -> None:
    gone, other = sent(A), sent(B)
    store.path(gone.email.sha256).unlink()

    assert sent_copies.keep_due(SOON) == 1
    gone.refresh_from_db()
    assert gone.copy_state == Copy.WAITING
    assert ids(server) == [other.email.message_id]


def test_a_letter_of_unknown_fate_that_lies_in_sent_has_left(server: Dovecot, folder: Folder, smtp: SmtpServer) -> None:
    smtp.at_the_end = DROP_KEEPING
    letter = sent(A)
    assert letter.state == State.UNKNOWN
    server.append(store.read(letter.email.sha256), SENT)

    assert in_doubt.settle_by_folder(NOW) == 1

    assert state_of(letter) == State.SENT
    assert not Receipt.objects.exists()
    assert smtp.ends == 1
    # It lies there, so there is nothing to put beside it.
    assert sent_copies.keep_due(SOON) == 1
    assert len(ids(server)) == 1


def test_a_letter_that_is_not_in_sent_stays_unknown_and_is_looked_for_ever_more_rarely(
    server: Dovecot, folder: Folder, smtp: SmtpServer
) -> None:
    smtp.at_the_end = DROP
    letter = sent(A)

    looks, at = 0, letter.next_try_at
    while at:
        assert in_doubt.settle_by_folder(at) == 0
        letter.refresh_from_db()
        looks, at = looks + 1, letter.next_try_at

    assert letter.state == State.UNKNOWN
    assert 20 < looks < 40
    assert smtp.ends == 1


def test_a_folder_that_cannot_be_asked_leaves_the_letter_in_doubt(
    server: Dovecot, folder: Folder, smtp: SmtpServer
) -> None:
    smtp.at_the_end = DROP
    letter = sent(A)
    server.kill()

    assert in_doubt.settle_by_folder(NOW) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.next_try_at) == (State.UNKNOWN, NOW + timedelta(minutes=1))
