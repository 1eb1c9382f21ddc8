"""Letters leave once: by a real SMTP conversation, whatever the server or we ourselves do in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from mailbox import in_doubt, inbox, outbox, sending, smtp, store
from mailbox.composing import Composed
from mailbox.models import AccountState, BadAddress, Email, Outgoing, Receipt
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


def queue(*recipients: str, **how: Any) -> Outgoing:
    raw = letter(sender=DESK, to=", ".join(recipients or (A,))).replace(b"\n", b"\r\n")
    return outbox.queue(Composed(raw, recipients or (A,)), now=NOW, is_automatic=True, **how)


def state_of(sent: Outgoing) -> str:
    sent.refresh_from_db()
    return sent.state


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

    tried = []
    at: datetime | None = NOW
    while at:
        tried.append(at - NOW)
        send(at)
        sent.refresh_from_db()
        at = sent.next_try_at

    assert (sent.state, sent.attempts, states(sent)) == (State.FAILED, len(tried), ["refused"])
    assert sent.said == "451 4.3.0 later"
    assert [each.total_seconds() / 60 for each in tried[:6]] == [0, 1, 2, 4, 8, 16]
    assert len(tried) < 20
    assert timedelta(hours=24) <= tried[-1] < timedelta(hours=28)


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
        in_doubt.settle_by_folder(NOW + timedelta(hours=hours))

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
    state = AccountState.objects.get()
    assert (state.account, state.failed_since) == (None, NOW)
    assert "refused" in state.said


def test_after_hours_without_the_server_everything_leaves_within_a_minute(settings) -> None:
    with smtp_server(settings):
        pass
    letters = [queue(), queue(B)]
    for minute in range(5 * 60):
        send(NOW + timedelta(minutes=minute))

    with smtp_server(settings) as server:
        send(NOW + timedelta(hours=5))
        send(NOW + timedelta(hours=5, minutes=1))

    assert sorted(each.recipients[0] for each in server.letters) == [A, B]
    assert {state_of(each) for each in letters} == {State.SENT}
    state = AccountState.objects.get()
    assert (state.paused_until, state.failed_since, state.said) == (None, None, "")


def test_a_server_that_closes_is_left_alone_for_a_minute(server: SmtpServer) -> None:
    server.at_the_end = "421 4.7.0 too many letters"
    queue()
    queue(B)

    send()
    send(NOW + timedelta(seconds=30))

    assert server.ends == 1


def test_a_server_that_is_silent_after_a_letter_does_not_make_the_whole_queue_doubtful(server: SmtpServer) -> None:
    server.at_the_end = DROP
    letters = [queue(), queue(B), queue(C)]
    send()
    server.at_the_end = "250 OK"

    send(NOW + timedelta(minutes=4))
    assert [state_of(each) for each in letters] == [State.UNKNOWN, State.QUEUED, State.QUEUED]
    send(NOW + timedelta(minutes=5))
    assert [state_of(each) for each in letters] == [State.UNKNOWN, State.SENT, State.SENT]


def test_a_recipient_who_is_busy_delays_nobody_elses_letter(server: SmtpServer) -> None:
    server.refuse(A, "451 4.3.0 mailbox busy")
    letters = [queue(A), queue(B)]

    assert send() == 1
    assert [state_of(each) for each in letters] == [State.RETRYING, State.SENT]


def test_a_letter_whose_bytes_are_gone_fails_and_stops_nobody(server: SmtpServer) -> None:
    gone, other = queue(), queue(B)
    store.path(gone.email.sha256).unlink()
    send()

    gone.refresh_from_db()
    assert (gone.state, state_of(other)) == (State.RETRYING, State.SENT)
    assert "cannot be read" in gone.said


def test_a_sender_that_died_before_the_dot_gave_it_to_nobody_so_it_is_tried_again(server: SmtpServer) -> None:
    sent = queue()
    assert sending._claim(None, NOW) == sent

    assert send(NOW + timedelta(seconds=3)) == 0
    sent.refresh_from_db()
    assert (sent.state, sent.said) == (State.RETRYING, "the sending process died")

    assert send(NOW + timedelta(minutes=2)) == 1
    assert len(server.letters) == 1


def test_a_sender_that_died_at_the_dot_leaves_it_unknown(server: SmtpServer) -> None:
    sent = queue()
    claimed = sending._claim(None, NOW)
    assert claimed
    sending._mark_handed(claimed, NOW)

    for minutes in (0, 1, 60, 24 * 60):
        send(NOW + timedelta(minutes=minutes))

    assert (state_of(sent), server.letters) == (State.UNKNOWN, [])


def test_whoever_was_declared_dead_hands_nothing_over(server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, deliver = queue(), smtp.deliver

    def slow(*what, before_end):
        def declared_dead_first() -> None:
            sending._take_up_lost(None, NOW)
            before_end()

        return deliver(*what, before_end=declared_dead_first)

    monkeypatch.setattr(smtp, "deliver", slow)
    send()

    assert (state_of(sent), server.ends) == (State.RETRYING, 0)


def test_an_outcome_that_comes_late_still_counts(server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, deliver = queue(), smtp.deliver

    def slow(*what, **how):
        answers = deliver(*what, **how)
        sending._take_up_lost(None, NOW)
        return answers

    monkeypatch.setattr(smtp, "deliver", slow)
    send()

    assert state_of(sent) == State.SENT


def test_the_database_away_at_the_dot_keeps_the_letter_back(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = queue()

    def away(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(sending, "_mark_handed", away)
    with pytest.raises(OperationalError):
        send()
    monkeypatch.undo()

    assert server.ends == 0
    send()
    send(NOW + timedelta(minutes=1))
    assert state_of(sent) == State.SENT


def test_a_letter_for_later_leaves_not_a_moment_sooner(server: SmtpServer) -> None:
    at = NOW + timedelta(seconds=20)
    sent = queue(leaves_at=at)

    assert send(at - timedelta(microseconds=1)) == 0
    assert send(at) == 1
    assert state_of(sent) == State.SENT


def test_a_letter_for_later_is_given_up_a_day_after_it_should_have_left(server: SmtpServer) -> None:
    at = NOW + timedelta(days=3)
    sent = queue(leaves_at=at)
    server.at_the_end = "451 4.3.0 later"

    send(at)
    assert state_of(sent) == State.RETRYING


def test_a_letter_taken_back_never_leaves(server: SmtpServer) -> None:
    sent = queue(leaves_at=NOW + timedelta(seconds=20))

    assert outbox.cancel(sent, now=NOW + timedelta(seconds=5))
    assert send(NOW + timedelta(hours=1)) == 0

    sent.refresh_from_db()
    assert (sent.state, sent.cancelled_at) == (State.CANCELLED, NOW + timedelta(seconds=5))
    assert server.ends == 0


def test_a_letter_that_may_have_left_cannot_be_taken_back(server: SmtpServer) -> None:
    server.refuse(B, "451 4.3.0 mailbox busy")
    half, whole, doubtful = queue(A, B), queue(A), queue(C)
    outbox.cancel(doubtful, now=NOW)
    claimed = queue(C)
    send()
    Outgoing.objects.filter(pk=claimed.pk).update(state=State.SENDING)

    assert [outbox.cancel(each, now=NOW) for each in (half, whole, doubtful, claimed)] == [False] * 4
    assert state_of(half) == State.RETRYING


def test_a_letter_that_waits_can_be_sent_at_once(server: SmtpServer) -> None:
    server.refuse(A, "451 4.3.0 mailbox busy")
    planned, busy = queue(B, leaves_at=NOW + timedelta(days=1)), queue(A)
    send()
    server.refused.clear()

    assert outbox.hasten(planned, now=NOW)
    assert outbox.hasten(busy, now=NOW)
    assert send() == 2
    assert not outbox.hasten(busy, now=NOW)


def test_a_letter_sent_again_by_a_person_has_a_day_again(server: SmtpServer) -> None:
    server.at_the_end = "554 5.7.1 spam"
    sent = queue()
    send()
    later = NOW + timedelta(days=7)
    server.at_the_end = "451 4.3.0 later"

    assert outbox.send_again(sent, now=later)
    send(later)

    sent.refresh_from_db()
    assert (sent.state, sent.attempts, sent.next_try_at) == (State.RETRYING, 2, later + timedelta(minutes=1))


# A process of its own that sends what is due in the test's database.
CHILD = """
import sys
from datetime import datetime, timezone
import django
from django.conf import settings
from django.db import OperationalError, connection
django.setup()
connection.settings_dict["NAME"] = sys.argv[1]
settings.LETTER_STORE, settings.EMAIL_HOST, settings.EMAIL_PORT = sys.argv[2], "127.0.0.1", int(sys.argv[3])
settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
settings.EMAIL_HOST_USER, settings.DEFAULT_FROM_EMAIL = "", "desk@towers.example"
from mailbox import outbox
outbox.send_due(now=lambda: datetime.fromisoformat(sys.argv[4]))
"""


def wait_until_nobody_sends() -> None:
    """The database notices the death of a process a moment later."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while cursor.execute(held, [sending.LOCK]).fetchone()[0] and time.monotonic() < until:
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
