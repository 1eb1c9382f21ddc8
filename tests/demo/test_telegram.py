"""The stand-in of Telegram answers as Telegram does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from demo.telegram import Telegram

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram(token="1:x", chats=frozenset({"7"})) as server:
        yield server


def call(telegram: Telegram, method: str, token: str = "1:x", **given: object) -> requests.Response:
    return requests.post(f"{telegram.url}/bot{token}/{method}", json=given, timeout=5)


def test_a_message_to_a_chat_that_knows_the_bot_is_kept_and_shown(telegram):
    said = call(telegram, "sendMessage", chat_id=7, text="<b>почта</b>").json()

    assert (said["ok"], said["result"]["message_id"]) == (True, 1)
    assert [(each.chat, each.text) for each in telegram.sent] == [("7", "<b>почта</b>")]
    assert "&lt;b&gt;почта" in requests.get(telegram.url, timeout=5).content.decode()


def test_the_bot_tells_who_it_is(telegram):
    assert call(telegram, "getMe").json()["result"]["is_bot"] is True


@pytest.mark.parametrize(
    ("token", "method", "given", "status", "words"),
    [
        ("2:wrong", "getMe", {}, 401, "Unauthorized"),
        ("1:x", "sendPhoto", {}, 404, "Not Found"),
        ("1:x", "sendMessage", {"chat_id": 8, "text": "x"}, 400, "Bad Request: chat not found"),
        ("1:x", "sendMessage", {"chat_id": 7, "text": " "}, 400, "Bad Request: message text is empty"),
        ("1:x", "sendMessage", {"chat_id": 7, "text": "x" * 4097}, 400, "Bad Request: message is too long"),
    ],
)
def test_what_telegram_refuses_is_refused(telegram, token, method, given, status, words):
    said = call(telegram, method, token, **given)

    assert (said.status_code, said.json()["error_code"], said.json()["description"]) == (status, status, words)
    assert telegram.sent == []


def test_faults_come_as_often_as_asked_for_and_go(telegram):
    requests.post(f"{telegram.url}/fault", json={"fault": "busy", "times": 2, "retry_after": 7}, timeout=5)

    said = [call(telegram, "sendMessage", chat_id=7, text="x") for _ in range(3)]

    assert [each.status_code for each in said] == [429, 429, 200]
    assert said[0].json()["parameters"] == {"retry_after": 7}


def test_an_unknown_fault_is_refused(telegram):
    assert requests.post(f"{telegram.url}/fault", json={"fault": "flood"}, timeout=5).status_code == 400


def test_the_command_says_where_it_listens_and_ends_when_told():
    command = [sys.executable, str(ROOT / "manage.py"), "telegram_server", "--port", "0", "--token", "5:y"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0].removeprefix("TG_API_URL=")
        try:
            assert requests.get(f"{address}/bot5:y/getMe", timeout=5).json()["ok"] is True
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_what_somebody_writes_to_the_bot_is_given_until_it_is_confirmed(telegram):
    requests.post(f"{telegram.url}/write", json={"chat": 7, "text": "/start abc"}, timeout=5)

    first = call(telegram, "getUpdates").json()["result"]
    assert [(each["message"]["chat"], each["message"]["text"]) for each in first] == [
        ({"id": 7, "type": "private"}, "/start abc")
    ]
    assert call(telegram, "getUpdates").json()["result"] == first
    assert call(telegram, "getUpdates", offset=first[0]["update_id"] + 1).json()["result"] == []


def test_a_message_may_arrive_though_its_sender_does_not_hear_of_it(telegram):
    telegram.fail("late")

    assert call(telegram, "sendMessage", chat_id=7, text="x").status_code == 504
    assert len(telegram.sent) == 1
