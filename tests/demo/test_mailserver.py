"""demo.mailserver: letters travel by SMTP into everybody's mailboxes, the desk's own into Sent too."""

import smtplib
from pathlib import Path

import pytest

from tests.demo.mail import DESK, PASSWORD, Host, mail_host

OUT = b"From: Desk <desk@dispatch.example>\r\nTo: noc@t2.example\r\nSubject: NT-1\r\n\r\n.dot\r\nlast"


def send(host: Host, sender: str, recipients: list[str], raw: bytes, *, login: bool = False) -> object:
    with smtplib.SMTP("127.0.0.1", host.ports.smtp, timeout=5) as smtp:
        if login:
            smtp.login(DESK, PASSWORD)
        return smtp.sendmail(sender, recipients, raw)


def letters(host: Host, owner: str, folder: str = "INBOX") -> list[bytes]:
    with host.client(owner) as client:
        client.select_folder(folder, readonly=True)
        got = client.fetch(client.search("ALL") or [0], ["BODY.PEEK[]"])
        return [got[uid][b"BODY[]"] for uid in sorted(got)]


def test_a_letter_to_the_desk_lands_in_its_inbox_with_the_trace_on_top(host: Host) -> None:
    raw = OUT.replace(b"Desk <desk@dispatch.example>", b"noc@t2.example")
    send(host, "noc@t2.example", [DESK], raw)
    (got,) = letters(host, DESK)
    assert got.startswith(b"Return-Path: <noc@t2.example>\r\nDelivered-To: desk@dispatch.example\r\n")
    assert got.endswith(raw + b"\r\n")
    assert letters(host, DESK, "Отправленные") == []


@pytest.mark.parametrize("login", [True, False])
def test_what_the_desk_sends_is_kept_in_sent_byte_for_byte(host: Host, login: bool) -> None:
    send(host, "" if not login else DESK, ["noc@t2.example", DESK], OUT, login=login)
    assert letters(host, DESK, "Отправленные") == [OUT + b"\r\n"]
    assert len(letters(host, DESK)) == 1
    assert len(letters(host, "noc@t2.example")) == 1


def test_keeping_sent_letters_can_be_switched_off(tmp_path: Path) -> None:
    with mail_host(tmp_path, save_sent=False) as host:
        send(host, DESK, ["noc@t2.example"], OUT, login=True)
        assert letters(host, DESK, "Отправленные") == []


def test_some_recipients_are_refused_for_ever_or_for_now(host: Host) -> None:
    refused = send(host, DESK, ["unknown@x.example", "busy@x.example", "ok@x.example"], OUT)
    assert isinstance(refused, dict)
    assert {address: code for address, (code, _) in refused.items()} == {
        "unknown@x.example": 550,
        "busy@x.example": 451,
    }


def test_a_wrong_password_is_refused(host: Host) -> None:
    smtp = smtplib.SMTP("127.0.0.1", host.ports.smtp, timeout=5)
    with smtp, pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(DESK, "wrong")
