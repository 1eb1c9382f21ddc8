"""Letters leave once, later, or not at all: by a real SMTP conversation, whatever the server says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from kombu.exceptions import OperationalError as BrokerError

from mailbox import in_doubt, outbox, smtp, store
from mailbox.models import BadAddress, Email, Outgoing, Settled
from tests.factories import NOW, make_user
from tests.mailbox.outgoing import A, B, C, copy_comes, queue, send, state_of, states
from tests.smtp_server import DROP, DROP_KEEPING, HANG, SmtpServer, smtp_server
from tests.written import DESK

pytestmark = pytest.mark.django_db

State = Outgoing.State


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


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


def test_a_letter_that_only_the_desk_itself_got_has_failed(server: SmtpServer) -> None:
    server.refuse(A, "550 5.1.1 no such user")
    sent = queue(A, "desk@towers.example")
    send()

    sent.refresh_from_db()
    assert (sent.state, states(sent)) == (State.FAILED, ["refused", "accepted"])


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


class AtOnce:
    """A thread that has ended when it is started."""

    def __init__(self, target: Callable[[], None], daemon: bool) -> None:
        self.start = target


@pytest.mark.parametrize(
    ("leaves_in", "told"), [(None, [None]), (timedelta(seconds=20), [timedelta(seconds=20)]), (timedelta(hours=2), [])]
)
def test_workers_are_woken_when_it_is_committed_and_it_leaves_soon(
    settings,
    django_capture_on_commit_callbacks,
    monkeypatch: pytest.MonkeyPatch,
    leaves_in: timedelta | None,
    told: list[timedelta | None],
) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"
    woken: list[datetime | None] = []
    monkeypatch.setattr(outbox, "_wake", woken.append)
    with django_capture_on_commit_callbacks() as waiting:
        queue(leaves_at=NOW + leaves_in if leaves_in else None)
    assert woken == []

    monkeypatch.setattr(outbox.threading, "Thread", AtOnce)
    for each in waiting:
        each()

    assert woken == [NOW + each if each else None for each in told]


def test_without_a_broker_the_letter_waits_for_the_clock(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise BrokerError("Connection refused")

    monkeypatch.setattr(outbox.current_app, "send_task", away)
    outbox._wake(None)

    assert "letters wait for the next tick" in caplog.text


# --- Not everybody got it ---------------------------------------------------------------------


def test_a_letter_that_somebody_outside_was_refused_is_in_trouble_though_it_left(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")
    half, whole = queue(A, B), queue(A)

    send()

    assert [state_of(half), state_of(whole)] == [State.SENT, State.SENT]
    assert list(outbox.troubled()) == [half]


def test_that_the_desk_itself_was_refused_troubles_nobody(server: SmtpServer) -> None:
    server.refuse(DESK, "550 5.1.1 no such user")
    sent = queue(A, DESK)

    send()

    assert state_of(sent) == State.SENT
    assert not outbox.troubled().exists()


def test_it_is_sent_again_only_to_whoever_was_refused_at_the_right_address(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")
    sent = queue(A, B)
    send()

    assert outbox.send_again(sent, now=NOW, instead={B: " Right@Operator.example "})
    assert not outbox.send_again(sent, now=NOW)
    send()

    assert [each.recipients for each in server.letters] == [[A], ["right@operator.example"]]
    assert server.letters[0].raw == server.letters[1].raw
    sent.refresh_from_db()
    assert (sent.state, sent.is_lacking) == (State.SENT, False)
    assert sent.recipients[1]["instead_of"] == B
    assert not outbox.troubled().exists()
    assert not outbox.send_again(sent, now=NOW)


def test_whoever_has_the_letter_gets_no_second_one_under_another_persons_wrong_address(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")
    server.refuse(C, "550 5.1.1 no such user")
    sent = queue(A, B, C)
    send()
    server.refused.clear()

    assert outbox.send_again(sent, now=NOW, instead={A: "else@operator.example", B: A, C: C})
    send()

    assert [each.recipients for each in server.letters] == [[A], [C]]
    sent.refresh_from_db()
    assert [each["address"] for each in sent.recipients] == [A, C]


def test_the_last_one_refused_put_right_to_somebody_who_has_it_leaves_nobody_to_send_to(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")
    sent = queue(A, B)
    send()

    assert not outbox.send_again(sent, now=NOW, instead={B: A})
    assert state_of(sent) == State.SENT


def test_a_right_address_that_is_none_is_refused_and_changes_nothing(server: SmtpServer) -> None:
    server.refuse(A, "550 5.1.1 no such user")
    sent = queue(A)
    send()

    for wrong in ("", "nobody", "a@b.example\r\nBcc: c@d.example", "<x@y.example>"):
        with pytest.raises(outbox.WrongAddress):
            outbox.send_again(sent, now=NOW, instead={A: wrong})

    assert state_of(sent) == State.FAILED


def test_refused_again_it_is_in_trouble_again_whoever_had_settled_it(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")
    sent = queue(A, B)
    send()
    person = make_user()
    Settled.objects.create(kind=Settled.Kind.OUTGOING, number=sent.pk, person=person, at=NOW)
    assert not outbox.troubled().exists()

    outbox.send_again(sent, now=NOW)
    send()

    assert list(outbox.troubled()) == [sent]
