"""Who sends may die, hang and be overtaken; servers may be down: no letter is lost, none leaves twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from mailbox import sending, smtp, store
from mailbox.models import AccountState, Outgoing
from mailbox.smtp import Answer, Result
from tests.factories import NOW
from tests.mailbox.outgoing import A, B, C, copy_comes, queue, send, state_of, states
from tests.smtp_server import DROP, HANG, SmtpServer, smtp_server

pytestmark = pytest.mark.django_db

State = Outgoing.State


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


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


@pytest.mark.slow
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
    sending._mark_handed(claimed, {A: Answer(Result.ACCEPTED, "250 OK")}, NOW)

    for minutes in (0, 1, 60, 24 * 60):
        send(NOW + timedelta(minutes=minutes))

    assert (state_of(sent), server.letters) == (State.UNKNOWN, [])


def test_who_had_been_refused_by_name_is_not_called_reached_when_the_copy_comes(server: SmtpServer) -> None:
    sent = queue(A, B, C)
    claimed = sending._claim(None, NOW)
    assert claimed
    named = {
        A: Answer(Result.ACCEPTED, "250 OK"),
        B: Answer(Result.REFUSED, "550 5.1.1 no such user"),
        C: Answer(Result.WAITING, "451 busy"),
    }
    sending._mark_handed(claimed, named, NOW)
    send()
    assert state_of(sent) == State.UNKNOWN
    assert states(sent) == ["unknown", "refused", "waiting"]

    copy_comes(sent)
    send(NOW + timedelta(minutes=1))
    send(NOW + timedelta(minutes=2))

    assert state_of(sent) == State.SENT
    assert states(sent) == ["accepted", "refused", "accepted"]
    assert [each.recipients for each in server.letters] == [[C]]


def test_whoever_was_declared_dead_hands_nothing_over(server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, deliver = queue(), smtp.deliver

    def slow(*what, before_end):
        def declared_dead_first(named) -> None:
            sending._take_up_lost(None, NOW)
            before_end(named)

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


# --- Whose turn it is -------------------------------------------------------------------------


def queue_for(name: str, *, minute: float, is_automatic: bool) -> None:
    letter = queue(f"{name}@operator.example", leaves_at=NOW + timedelta(minutes=minute))
    Outgoing.objects.filter(pk=letter.pk).update(is_automatic=is_automatic)


def order(server: SmtpServer) -> list[str]:
    return [each.recipients[0].partition("@")[0] for each in server.letters]


def test_what_people_write_goes_before_automatic_letters_that_were_due_a_little_sooner(server, settings) -> None:
    settings.EMAIL_PER_MINUTE = 1
    for n in range(3):
        queue_for(f"automatic{n}", minute=n, is_automatic=True)
    for n in range(2):
        queue_for(f"person{n}", minute=n + 5, is_automatic=False)

    for minute in range(10, 15):
        send(NOW + timedelta(minutes=minute, seconds=minute))

    assert order(server) == ["person0", "person1", "automatic0", "automatic1", "automatic2"]


def test_however_much_people_write_an_automatic_letter_yields_only_so_long(server, settings) -> None:
    settings.EMAIL_PER_MINUTE = 1
    queue_for("automatic", minute=0, is_automatic=True)

    for minute in range(15):
        queue_for(f"person{minute}", minute=minute, is_automatic=False)
        queue_for(f"other{minute}", minute=minute, is_automatic=False)
        send(NOW + timedelta(minutes=minute, seconds=minute))
    for minute in range(15, 30):
        send(NOW + timedelta(minutes=minute, seconds=minute))

    before = order(server)[: order(server).index("automatic")]
    due = [int(name.removeprefix("person").removeprefix("other")) for name in before]
    assert max(due) == 10
    assert len(before) == 2 * 11
