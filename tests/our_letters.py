"""What every letter of ours is, whoever had it written: asserted on each one that any test makes (tests.conftest)."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime

from mailbox import html_rules, letter_html
from mailbox.composing import answer_subject
from mailbox.parsing import parse

ONCE = ["Date", "From", "Subject", "Message-ID", "MIME-Version", "Content-Type"]
AT_MOST_ONCE = ["To", "Cc", "In-Reply-To", "References"]
MARKS = ["Auto-Submitted", "X-Auto-Response-Suppress", "X-Dispatch-Loop"]
SUBJECT = re.compile(r"Re: (?P<code>\w+-\d+)(?:: .+)?")


def assert_is_right(raw: bytes) -> None:
    """Fails with what is wrong with a letter of ours."""
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    _assert_relays_change_nothing(raw)
    _assert_headers(message)
    _assert_thread(message)
    _assert_bodies(message)
    assert parse(raw).problems == ()


def _assert_relays_change_nothing(raw: bytes) -> None:
    assert raw.isascii(), "eight bits"
    lines = raw.split(b"\r\n")
    assert not [line for line in lines if b"\r" in line or b"\n" in line], "a line end of its own"
    assert max(map(len, lines)) <= 998, "a line that relays break"


def _assert_headers(message: EmailMessage) -> None:
    names = message.keys()
    assert sorted(names) == sorted(set(names)), "a header twice"
    assert set(ONCE) <= set(names)
    assert set(names) <= {*ONCE, *AT_MOST_ONCE, *MARKS, "Precedence"}
    assert len(set(MARKS) & set(names)) in (0, len(MARKS)), "some marks of a program, but not all"
    desk = message["From"].addresses[0].addr_spec.lower()
    others = [each.addr_spec.lower() for name in ("To", "Cc") if message[name] for each in message[name].addresses]
    if subject := SUBJECT.fullmatch(message["Subject"]):
        assert answer_subject(subject["code"], message["Subject"]) == message["Subject"], "a prefix or code too many"
        assert desk in others, "the desk gets no copy"
    else:
        assert message["Auto-Submitted"] == "auto-generated", "only programs write about no incident"
        assert not message["In-Reply-To"]
    assert len(others) == len(set(others)), "somebody gets it twice"
    assert message["Message-ID"].endswith(f"@{desk.rpartition('@')[2]}>")
    assert parsedate_to_datetime(message["Date"]).utcoffset() is not None


def _assert_thread(message: EmailMessage) -> None:
    references = str(message["References"] or "").split()
    assert len(references) <= 11
    if message["In-Reply-To"]:
        assert references[-1] == message["In-Reply-To"]


def _assert_bodies(message: EmailMessage) -> None:
    assert not [part.defects for part in message.walk() if part.defects]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    for part in (text, html):
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "base64"
    assert html_rules.broken(html.get_content(), is_whole=True) == []
    assert letter_html.unsaid(html.get_content(), text.get_content()) == [], "words that only the HTML says"
