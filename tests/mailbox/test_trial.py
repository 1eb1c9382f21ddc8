"""Trying a connection: each step by itself, and an answer in time whatever the server does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.mailserver import MailServer, running
from mailbox import attempts, trial
from mailbox.imap import Account
from mailbox.trial import Stage, Trial

DESK = "desk@towers.example"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with running(MailServer(tmp_path, desk=DESK, password="right")) as ports:
        yield ports.imap


def account(port: int, *, host: str = "127.0.0.1", security: str = "none", password: str = "right") -> Account:
    return Account(host, port, security, DESK, password)


def failed_at(result: Trial) -> Stage:
    assert not result.ok
    return next(step.stage for step in result.steps if step.advice)


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A server that says one thing to whoever connects, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                held.append(connection)
                if answer:
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        for connection in held:
            connection.close()


def test_everything_works_and_the_folders_are_found(port):
    result = trial.try_out(account(port))

    assert result.ok
    assert "INBOX" in {place.name for place in result.places}
    assert result.sent in {place.name for place in result.places}


def test_a_wrong_password_fails_at_the_login_and_is_not_repeated(port):
    result = trial.try_out(account(port, password="certainly wrong"))

    assert failed_at(result) == Stage.LOGIN
    assert [step.passed for step in result.steps] == [True, True, True, False, False]
    assert "certainly wrong" not in str(result)


def test_a_name_nobody_knows_fails_first():
    assert failed_at(trial.try_out(account(993, host="nowhere.invalid"))) == Stage.NAME


def test_a_port_nobody_listens_at_fails_there():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert failed_at(trial.try_out(account(nobody.getsockname()[1]))) == Stage.PORT


def test_tls_where_there_is_none_fails_at_the_encryption(port):
    assert failed_at(trial.try_out(account(port, security="ssl"))) == Stage.SPEECH


def test_a_server_of_another_kind_fails_there_too():
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as other:
        assert failed_at(trial.try_out(account(other))) == Stage.SPEECH


def test_a_server_that_says_nothing_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(attempts, "LIMIT_SECONDS", 0.5)
    with listening(None) as silent:
        began = time.monotonic()
        result = trial.try_out(account(silent))

    assert time.monotonic() - began < 2
    assert failed_at(result) == Stage.SPEECH


def test_only_so_many_attempts_wait_at_once(monkeypatch):
    monkeypatch.setattr(attempts, "_running", threading.BoundedSemaphore(1))
    monkeypatch.setattr(attempts, "LIMIT_SECONDS", 0.2)
    with listening(None) as silent:
        trial.try_out(account(silent))

        assert failed_at(trial.try_out(account(silent))) == Stage.NAME
