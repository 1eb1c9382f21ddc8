"""One conversation with a real server that accepts, refuses, drops and hangs."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mailbox import smtp
from mailbox.accounts import Security
from mailbox.smtp import Answer, Result, Unreachable
from tests.certificates import certificate
from tests.smtp_server import DROP, DROP_KEEPING, HANG, SmtpServer, smtp_server

RAW = b"Subject: x\r\n\r\none\r\n.two\r\n"
A, B, C = "a@operator.example", "b@operator.example", "c@operator.example"
DESK = "desk@towers.example"


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


def results(answers: dict[str, Answer]) -> list[str]:
    return [answers[each].result for each in sorted(answers)]


def deliver(server: SmtpServer, sender: str, recipients: list[str], raw: bytes) -> dict[str, Answer]:
    return smtp.deliver(server.account, sender, recipients, raw, before_end=lambda _named: None)


def test_a_letter_arrives_byte_for_byte(server: SmtpServer) -> None:
    answers = deliver(server, "", [A, B], RAW)

    assert results(answers) == [Result.ACCEPTED, Result.ACCEPTED]
    (arrived,) = server.letters
    assert (arrived.sender, arrived.recipients, arrived.raw) == ("", [A, B], RAW)


def test_one_of_three_refused_is_told_by_name_and_the_others_get_it(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")

    answers = deliver(server, DESK, [A, B, C], RAW)

    assert results(answers) == [Result.ACCEPTED, Result.REFUSED, Result.ACCEPTED]
    assert answers[B].said == "550 5.1.1 no such user"
    assert server.letters[0].recipients == [A, C]


def test_a_recipient_who_is_busy_waits_alone(server: SmtpServer) -> None:
    server.refuse(A, "451 4.3.0 mailbox busy")

    assert results(deliver(server, DESK, [A, B], RAW)) == [Result.WAITING, Result.ACCEPTED]


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 4.3.0 later"])
def test_a_server_that_cannot_now_is_tried_again(server: SmtpServer, answer: str) -> None:
    server.at_the_end = answer

    assert results(deliver(server, DESK, [A], RAW)) == [Result.WAITING]


def test_a_letter_that_is_not_wanted_has_failed(server: SmtpServer) -> None:
    server.at_the_end = "554 5.7.1 spam"

    assert deliver(server, DESK, [A, B], RAW) == dict.fromkeys([A, B], Answer(Result.REFUSED, "554 5.7.1 spam"))


def test_refused_before_the_letter_it_has_failed_too(server: SmtpServer) -> None:
    server.at_data = "554 5.7.1 no"

    assert results(deliver(server, DESK, [A], RAW)) == [Result.REFUSED]


def test_a_server_gone_before_the_letter_is_tried_again(server: SmtpServer) -> None:
    server.at_data = DROP
    server.refuse(B, "550 5.1.1 no such user")

    assert results(deliver(server, DESK, [A, B], RAW)) == [Result.WAITING, Result.REFUSED]


@pytest.mark.parametrize("end", [DROP, DROP_KEEPING])
def test_a_server_gone_after_the_letter_leaves_us_not_knowing(server: SmtpServer, end: str) -> None:
    server.at_the_end = end
    server.refuse(B, "550 5.1.1 no such user")

    assert results(deliver(server, DESK, [A, B], RAW)) == [Result.UNKNOWN, Result.REFUSED]


def test_a_server_that_hangs_after_the_letter_leaves_us_not_knowing(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "VERDICT_SECONDS", 0.3)
    server.at_the_end = HANG

    assert results(deliver(server, DESK, [A], RAW)) == [Result.UNKNOWN]


def test_nobody_listens(settings) -> None:
    with smtp_server(settings) as server:
        pass

    with pytest.raises(Unreachable):
        deliver(server, DESK, [A], RAW)


def test_a_server_that_refuses_the_null_return_path_gets_the_desks_address(server: SmtpServer) -> None:
    server.refused_senders[""] = "553 5.7.1 sender address rejected"

    assert results(deliver(server, "", [A], RAW)) == [Result.ACCEPTED]
    assert server.letters[0].sender == DESK


def test_a_sender_that_is_refused_fails_everybody(server: SmtpServer) -> None:
    server.refused_senders[DESK] = "553 5.7.1 sender address rejected"

    assert results(deliver(server, DESK, [A, B], RAW)) == [Result.REFUSED, Result.REFUSED]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_it_signs_in_and_a_wrong_password_is_tried_again(settings) -> None:
    with smtp_server(settings, login=DESK) as server:
        assert results(deliver(server, DESK, [A], RAW)) == [Result.ACCEPTED]

        server.account = replace(server.account, password="wrong")
        with pytest.raises(Unreachable, match=r"^535") as raised:
            deliver(server, DESK, [A], RAW)

    assert raised.value.is_locked_out
    assert len(server.letters) == 1


def test_starttls_with_a_good_certificate(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with smtp_server(settings, starttls=context) as server:
        assert results(deliver(server, DESK, [A], RAW)) == [Result.ACCEPTED]
    assert len(server.letters) == 1


def test_tls_from_the_first_byte_with_an_authority_of_the_companys_own(settings, tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    settings.EMAIL_CA_FILE = str(authority)
    with smtp_server(settings, tls=context) as server:
        assert results(deliver(server, DESK, [A], RAW)) == [Result.ACCEPTED]
        settings.EMAIL_CA_FILE = ""
        with pytest.raises(Unreachable, match=r"(?i)certificate"):
            deliver(server, DESK, [A], RAW)
    assert len(server.letters) == 1


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_good(settings, tmp_path: Path) -> None:
    context, _authority = certificate(tmp_path)
    with smtp_server(settings, starttls=context) as server, pytest.raises(Unreachable, match=r"(?i)certificate"):
        deliver(server, DESK, [A], RAW)

    assert server.letters == []


def test_nothing_is_sent_in_the_open_where_tls_is_wanted(server: SmtpServer) -> None:
    server.account = replace(server.account, security=Security.STARTTLS)

    with pytest.raises(Unreachable):
        deliver(server, DESK, [A], RAW)
    assert server.letters == []


def test_a_server_that_closes_between_two_recipients_is_tried_again_with_both(server: SmtpServer) -> None:
    server.refuse(B, DROP)

    assert results(deliver(server, DESK, [A, B], RAW)) == [Result.WAITING, Result.WAITING]
    assert server.letters == []


def test_whoever_stops_it_before_the_dot_has_stopped_the_letter(server: SmtpServer) -> None:
    def stop(_named: object) -> None:
        raise smtp.Overtaken

    with pytest.raises(smtp.Overtaken):
        smtp.deliver(server.account, DESK, [A], RAW, before_end=stop)
    assert (server.ends, server.letters) == (0, [])


def test_an_address_that_smtp_cannot_say_is_refused_alone(server: SmtpServer) -> None:
    answers = deliver(server, DESK, ["имя@operator.example", "a@пример.example"], RAW)

    assert [each.result for each in answers.values()] == [Result.REFUSED, Result.ACCEPTED]
    assert server.letters[0].recipients == ["a@xn--e1afmkfd.example"]


def test_a_line_break_in_an_address_is_no_second_command(server: SmtpServer) -> None:
    answers = deliver(server, DESK, ["a@operator.example>\r\nRCPT TO:<b@operator.example", A], RAW)

    assert [each.result for each in answers.values()] == [Result.REFUSED, Result.ACCEPTED]
    assert server.letters[0].recipients == [A]


def test_a_server_that_drips_is_cut_off(server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "PATIENCE_SECONDS", 0.5)
    with dripping() as port:
        server.account = replace(server.account, port=port)
        began = time.monotonic()
        with pytest.raises(Unreachable):
            deliver(server, DESK, [A], RAW)
    assert time.monotonic() - began < 4


def test_trying_an_account_sends_nothing(server: SmtpServer) -> None:
    smtp.try_out(server.account)

    assert (server.ends, server.letters) == (0, [])


def test_trying_an_account_that_may_not_send_as_this_address_says_so(server: SmtpServer) -> None:
    server.refused_senders[DESK] = "553 5.7.1 not your address"

    with pytest.raises(Unreachable, match=r"^553 5\.7\.1 not your address"):
        smtp.try_out(server.account)


@contextmanager
def dripping() -> Iterator[int]:
    """A server that greets, and then answers a byte now and then, never a whole line."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"220 slow\r\n")
            while not is_over.wait(0.05):
                connection.sendall(b"x")

    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        is_over.set()
        thread.join()
