"""A message by Telegram: it leaves, or the reason is told without the token."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest

from demo.telegram import Answer, Telegram
from mailbox import telegram
from mailbox.telegram import NotSent

TOKEN = "123456:very-secret"


@pytest.fixture
def server(settings) -> Iterator[Telegram]:
    with Telegram(token=TOKEN, chats=frozenset({"7"})) as running:
        settings.TG_API_URL, settings.TG_TOKEN, settings.TG_CHATS = running.url, TOKEN, ["7"]
        yield running


@pytest.fixture
def log(caplog) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that a server at LOG_LEVEL=DEBUG would write."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def refusal(text: str = "x", chat: str = "7") -> NotSent:
    with pytest.raises(NotSent) as caught:
        telegram.send(chat, text)
    assert "very-secret" not in str(caught.value)
    return caught.value


def test_a_message_arrives_as_it_was_written(server):
    telegram.send("7", "Почта не приходит: <desk@towers.example> *INBOX*")

    assert [(each.chat, each.text) for each in server.sent] == [
        ("7", "Почта не приходит: <desk@towers.example> *INBOX*")
    ]


def test_a_text_that_is_too_long_is_cut(server):
    telegram.send("7", "ы" * 5000)

    assert len(server.sent[0].text) == telegram.LONGEST


def test_a_wrong_token_and_an_unknown_chat_are_told_in_telegrams_words(server, settings):
    assert str(refusal(chat="8")) == "400 Bad Request: chat not found"
    settings.TG_TOKEN = "123456:very-secret-too"
    assert str(refusal()) == "401 Unauthorized"


def test_too_many_messages_say_how_long_to_wait(server):
    server.fail("busy", retry_after=17)

    assert refusal().after == timedelta(seconds=17)


@pytest.mark.parametrize(("fault", "status"), [("down", "502"), ("error", "500"), ("html", "503"), ("blocked", "403")])
def test_a_server_that_fails_is_told_by_its_status(server, fault, status):
    server.fail(fault)

    assert str(refusal()).startswith(status)


def test_silence_ends_after_the_time_allowed(server, monkeypatch):
    monkeypatch.setattr(telegram, "READ_SECONDS", 0.2)
    server.fail("hang")

    assert str(refusal()) == "no answer: ReadTimeout"


def test_the_token_stands_in_no_log_whatever_happens(server, settings, log):
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # as settings.LOGGING says
    telegram.send("7", "x")
    server.fail("down")
    refusal()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.TG_API_URL = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        assert str(refusal()) == "no answer: ConnectionError"

    assert "very-secret" not in log.text
    assert settings.LOGGING["loggers"]["urllib3"]["level"] == "WARNING"


def test_a_server_that_repeats_the_token_is_not_quoted(server, monkeypatch):
    said = Answer(401, json.dumps({"ok": False, "description": f"Unauthorized bot{TOKEN}"}).encode())
    monkeypatch.setattr(server, "answer", lambda *_: said)

    assert str(refusal()) == "401 Unauthorized bot…"
