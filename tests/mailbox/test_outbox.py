"""Letters leave once: by a real SMTP conversation, whatever the server or we ourselves do in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection

from mailbox import inbox, outbox, smtp, store
from mailbox.composing import Composed
from mailbox.models import BadAddress, Email, Outgoing, Receipt
from tests.factories import NOW
from tests.smtp_server import DROP, DROP_KEEPING, HANG, SmtpServer, smtp_server
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db

State = Outgoing.State
A, B, C = "a@operator.example", "b@operator.example", "c@operator.example"


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


def queue(*recipients: str) -> Outgoing:
    raw = letter(sender=DESK, to=", ".join(recipients or (A,))).replace(b"\n", b"\r\n")
    return outbox.queue(Composed(raw, recipients or (A,)), now=NOW, is_automatic=True)


def send(at: datetime = NOW) -> int:
    return outbox.send_due(now=lambda: at)


def states(sent: Outgoing) -> list[str]:
    return [each["state"] for each in sent.recipients]


def copy_comes(sent: Outgoing, raw: bytes | None = None) -> Receipt:
    """The letter appears in a folder, and is taken."""
    receipt = inbox.receive(raw or store.read(sent.email.sha256), direction="out", received_at=NOW)
    (found,) = inbox.store([inbox.read(receipt)])
    receipt.state, receipt.email = Receipt.State.COPY, found.email
    receipt.save()
    return receipt


def test_a_letter_is_stored_whole_before_anybody_connects(server: SmtpServer) -> None:
    sent = queue()

    assert (sent.state, sent.to_address) == (State.QUEUED, A)
    assert sent.email.direction == Email.Direction.OUT
    assert sent.email.message_id.encode() in store.read(sent.email.sha256)
    assert server.letters == []


def test_it_leaves_once_with_these_bytes(server: SmtpServer) -> None:
    sent = queue(A, B)

    assert send() == 1
    assert send(NOW + timedelta(days=1)) == 0

    sent.refresh_from_db()
    assert (sent.state, sent.sent_at, sent.attempts, states(sent)) == (State.SENT, NOW, 1, ["accepted", "accepted"])
    (arrived,) = server.letters
    assert (arrived.sender, arrived.recipients, arrived.raw) == ("", [A, B], store.read(sent.email.sha256))


def test_its_copy_from_a_folder_is_known_as_the_same_letter(server: SmtpServer) -> None:
    sent = queue()
    send()

    assert copy_comes(sent, b"Received: by relay\r\n" + server.letters[0].raw).email == sent.email


def test_without_a_server_nothing_waits_for_one(settings) -> None:
    settings.EMAIL_HOST = ""

    with pytest.raises(outbox.SendingIsOff):
        queue()
    assert not Outgoing.objects.exists()
    assert not Email.objects.exists()


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 4.3.0 later"])
def test_a_server_that_cannot_now_gets_it_later_by_plan(server: SmtpServer, answer: str) -> None:
    server.at_the_end = answer
    sent = queue()

    assert send() == 0
    sent.refresh_from_db()
    assert (sent.state, sent.said, sent.next_try_at) == (State.RETRYING, answer, NOW + timedelta(minutes=1))

    server.at_the_end = "250 OK"
    assert send(NOW + timedelta(seconds=59)) == 0
    assert send(NOW + timedelta(minutes=1)) == 1
    assert len(server.letters) == 1


def test_after_a_day_of_refusals_it_has_failed(server: SmtpServer) -> None:
    server.at_the_end = "451 4.3.0 later"
    sent = queue()

    at = NOW
    for _ in range(len(outbox.PLAN) + 1):
        send(at)
        sent.refresh_from_db()
        at = sent.next_try_at or at

    assert (sent.state, sent.attempts, states(sent)) == (State.FAILED, 8, ["refused"])
    assert at - NOW > timedelta(hours=20)
    assert sent.said == "451 4.3.0 later"


def test_refused_for_good_it_has_failed_with_the_servers_words(server: SmtpServer) -> None:
    server.at_the_end = "554 5.7.1 spam"
    sent = queue()
    send()

    sent.refresh_from_db()
    assert (sent.state, sent.said) == (State.FAILED, "554 5.7.1 spam")


def test_one_of_three_refused_does_not_keep_it_from_the_others(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")
    sent = queue(A, B, C)
    send()

    sent.refresh_from_db()
    assert (sent.state, states(sent)) == (State.SENT, ["accepted", "refused", "accepted"])
    assert sent.said == "550 5.1.1 no such user"
    assert BadAddress.objects.get().address == B


def test_whoever_was_busy_gets_it_later_and_the_others_not_again(server: SmtpServer) -> None:
    server.refuse(B, "451 4.3.0 mailbox busy")
    sent = queue(A, B)
    send()
    server.refused.clear()
    send(NOW + timedelta(minutes=1))

    sent.refresh_from_db()
    assert sent.state == State.SENT
    assert [each.recipients for each in server.letters] == [[A], [B]]


@pytest.mark.parametrize("end", [DROP, DROP_KEEPING])
def test_a_connection_that_dies_after_the_letter_leaves_it_unknown_and_unsent(server: SmtpServer, end: str) -> None:
    server.at_the_end = end
    sent = queue()
    send()
    server.at_the_end = "250 OK"
    for hours in (1, 23, 26, 24 * 30):
        send(NOW + timedelta(hours=hours))

    sent.refresh_from_db()
    assert (sent.state, states(sent), sent.next_try_at) == (State.UNKNOWN, ["unknown"], None)
    assert server.ends == 1


def test_a_server_that_hangs_after_the_letter_leaves_it_unknown(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "VERDICT_SECONDS", 0.3)
    server.at_the_end = HANG
    sent = queue()
    send()

    sent.refresh_from_db()
    assert sent.state == State.UNKNOWN


@pytest.mark.parametrize("changed", [False, True])
def test_the_copy_proves_that_it_left(server: SmtpServer, changed: bool) -> None:
    server.at_the_end = DROP_KEEPING
    sent = queue()
    send()
    raw = server.letters[0].raw
    copy_comes(sent, raw.replace(b"Subject: ", b"Subject: [outside] ") if changed else raw)

    send(NOW + timedelta(minutes=1))

    sent.refresh_from_db()
    assert (sent.state, states(sent)) == (State.SENT, ["accepted"])
    assert server.ends == 1


def test_the_copy_of_an_earlier_attempt_proves_nothing(server: SmtpServer) -> None:
    server.refuse(B, "451 4.3.0 mailbox busy")
    sent = queue(A, B)
    send()
    copy_comes(sent)
    server.refused.clear()
    server.at_the_end = DROP
    send(NOW + timedelta(minutes=1))
    send(NOW + timedelta(hours=1))

    sent.refresh_from_db()
    assert (sent.state, states(sent)) == (State.UNKNOWN, ["accepted", "unknown"])


def test_a_server_that_is_down_is_asked_once_a_minute_however_many_wait(settings) -> None:
    with smtp_server(settings):
        pass
    for _ in range(3):
        queue()

    for second in range(0, 180, 3):
        send(NOW + timedelta(seconds=second))

    assert sum(Outgoing.objects.values_list("attempts", flat=True)) == 3


def test_a_letter_whose_bytes_are_gone_fails_and_stops_nobody(server: SmtpServer) -> None:
    gone, other = queue(), queue(B)
    store.path(gone.email.sha256).unlink()
    send()
    send()

    gone.refresh_from_db()
    other.refresh_from_db()
    assert (gone.state, other.state) == (State.RETRYING, State.SENT)
    assert "cannot be read" in gone.said


def test_a_sender_that_died_leaves_the_letter_unknown_after_the_lease(server: SmtpServer) -> None:
    sent = queue()
    assert outbox._claim(NOW) == sent

    assert send(NOW + timedelta(minutes=14)) == 0
    sent.refresh_from_db()
    assert sent.state == State.SENDING

    send(NOW + timedelta(minutes=16))
    sent.refresh_from_db()
    assert (sent.state, server.letters) == (State.UNKNOWN, [])


def test_an_outcome_that_comes_after_the_lease_still_counts(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, deliver = queue(), smtp.deliver

    def slow(*what):
        outbox.settle(NOW + timedelta(hours=1))
        return deliver(*what)

    monkeypatch.setattr(smtp, "deliver", slow)
    send()

    sent.refresh_from_db()
    assert sent.state == State.SENT


# A process of its own that sends what is due in the test's database, and says when it begins.
CHILD = """
import sys
from datetime import datetime, timezone
import django
from django.conf import settings
from django.db import connection
django.setup()
connection.settings_dict["NAME"] = sys.argv[1]
settings.LETTER_STORE, settings.EMAIL_HOST, settings.EMAIL_PORT = sys.argv[2], "127.0.0.1", int(sys.argv[3])
settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
settings.EMAIL_HOST_USER, settings.DEFAULT_FROM_EMAIL = "", "desk@towers.example"
from mailbox import outbox
print("begins", flush=True)
outbox.send_due(now=lambda: datetime.fromisoformat(sys.argv[4]))
"""


def wait_until_nobody_sends() -> None:
    """The database notices the death of a process a moment later."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while cursor.execute(held, [outbox.LOCK]).fetchone()[0] and time.monotonic() < until:
            time.sleep(0.02)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("is_kept", [False, True], ids=["letter lost", "letter delivered"])
def test_killed_in_the_middle_of_sending_it_never_sends_twice(server: SmtpServer, settings, is_kept: bool) -> None:
    server.at_the_end = HANG
    sent = queue()
    name = connection.settings_dict["NAME"]
    arguments = [sys.executable, "-c", CHILD, name, settings.LETTER_STORE, str(server.port), NOW.isoformat()]
    child = subprocess.Popen([str(each) for each in arguments], cwd=settings.BASE_DIR, env=os.environ)
    try:
        until = time.monotonic() + 60
        while not server.ends and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert server.ends == 1
    server.at_the_end = "250 OK"
    wait_until_nobody_sends()

    for minutes in (1, 5, 14, 16, 60, 24 * 60, 48 * 60):
        if is_kept and minutes == 60:
            copy_comes(sent)
        send(NOW + timedelta(minutes=minutes))

    sent.refresh_from_db()
    assert sent.state == (State.SENT if is_kept else State.UNKNOWN)
    assert server.ends == 1
