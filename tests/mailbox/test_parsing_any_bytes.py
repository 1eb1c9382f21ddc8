"""Whatever comes, parse answers, quickly, with what PostgreSQL can store."""

import dataclasses
import time
from collections.abc import Callable
from encodings.aliases import aliases
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailbox.parsing import ParsedEmail, letter, parse
from tests.mailbox.letters import LETTERS, problems

HEAD = b"From: a@b.example\nSubject: x\n"
HTML = HEAD + b"Content-Type: text/html\n\n"
SECONDS = 3
# parse is pure: fixtures meant for other tests have nothing to reset between examples.
PURE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value):
        return texts([getattr(value, field.name) for field in dataclasses.fields(value)])
    return [text for item in value for text in texts(item)] if isinstance(value, list | tuple) else []


def assert_storable(parsed: ParsedEmail) -> None:
    for text in texts(parsed):
        text.encode("utf-8")
        assert "\x00" not in text
    assert parsed.date is None or parsed.date.utcoffset() is not None


@PURE
@given(st.binary(max_size=2000))
@example(b"")
@example(b"\x00" * 10)
@example(b"Content-Transfer-Encoding: base64\x00")
@example(b"Subject: \xed\xa0\x80\n\n\xed\xa0\x80")
@example(b"Content-Type: text/plain; charset=utf-7\n\n+2AA-")
@example(b"Content-Type: text/plain; charset=utf-16\n\n\x00\xd8")
def test_any_bytes_are_read_and_storable(raw):
    parsed = parse(raw)

    assert_storable(parsed)
    assert "unreadable" not in problems(parsed)


PIECES = [
    b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html",
    b"text/plain; charset=", b"koi8-r", b"utf-7", b"message/rfc822", b"Content-Transfer-Encoding: base64",
    b"Content-Disposition: attachment; filename", b"*0*=utf-8''%D0", b"--b", b"--b--", b"\n", b"\r\n", b"\n\n", b"\r",
    b"=?utf-8?B?", b"?=", b"0JDQ", b"<", b">", b"@", b'"', b"(", b";", b",", b":", b"<div>", b"<blockquote>", b"</p>",
    b"<img src=http://x>", b"begin 644 x", b"#0V%T", b"end", b"> ", b"On 1.1.2025 x wrote:", b"-- ", b"\xd0\x90",
    b"\xc1", "От: ".encode(), b"\x00", b" ",
]  # fmt: skip


@settings(PURE, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_any_jumble_of_mail_syntax_is_read_and_storable(raw):
    parsed = parse(raw)

    assert_storable(parsed)
    assert "unreadable" not in problems(parsed)


def test_every_codec_that_python_knows_may_be_declared():
    for name in sorted(set(aliases) | set(aliases.values())):
        raw = b"Content-Type: text/plain; charset=%s\nSubject: =?%s?Q?=D0=90a?=\n\n\xd0\x90a" % ((name.encode(),) * 2)
        assert_storable(parse(raw))
        assert "unreadable" not in problems(parse(raw)), name


@pytest.mark.parametrize("path", sorted(LETTERS.glob("*.eml")), ids=lambda path: path.stem)
def test_every_letter_cut_short_anywhere_is_read(path):
    raw = path.read_bytes()
    for end in range(0, len(raw), 53):
        assert_storable(parse(raw[:end]))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "2.4 MB of quoted lines": lambda: HEAD + b"\n" + b"> quoted line\n" * 180_000,
    "2.4 MB of quote marks": lambda: HEAD + b"\n" + b">" * 2_400_000,
    "20,000 nested divs": lambda: HTML + b"<div>" * 20_000 + b"x",
    "200,000 paragraphs": lambda: HTML + b"<p>" * 200_000,
    "160,000 table cells": lambda: HTML + b"<table>" + (b"<tr>" + b"<td>x" * 20) * 8_000,
    "40,000 blockquotes": lambda: HTML + b"<blockquote>x</blockquote>" * 40_000,
    "margins a mile wide": lambda: HTML + b"<div style='padding-left:99999em;margin-top:99999em'>x</div>" * 1_000,
    "a million angles": lambda: HTML + b"<" * 1_000_000,
    "1,200 letters in letters": lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 1_200,
    "1,200 nested multiparts": lambda: (
        HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1_200))
    ),
    "300,000 parts": lambda: HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 300_000,
    "5,000 recipients": lambda: b"To: " + b", ".join(b"Name <u%d@x.example>" % n for n in range(5_000)) + b"\n\nx",
    "60,000 open brackets in From": lambda: b"From: " + b"(" * 60_000 + b"\n\nx",
    "60,000 escaped quotes in From": lambda: b"From: " + b'"\\' * 30_000 + b"\n\nx",
    "an address without end": lambda: b"From: " + b"a" * 60_000 + b"\n\nx",
    "encoded words without end": lambda: b"Subject: " + b"=?utf-8?q?" * 6_000 + b"\n\nx",
    "stray lines among headers": lambda: HEAD + (b"stray\n" * 59 + b"Date: x\n") * 4_000,
    "a million folds": lambda: b"X: y\n" + b" y\n" * 1_000_000,
    "100,000 files begun and never ended": lambda: HEAD + b"\n" + b"begin 644 a\n" * 100_000 + b"\nend\n",
    "attributions without end": lambda: HEAD + b"\n" + b"12.05.2026 10:00 a\n" * 100_000,
    "blanks between parameters": lambda: b"Content-Type: text/plain;" + b" " * 60_000 + b"\n\nx",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_letters_are_read_in_no_time(name):
    raw = HOSTILE[name]()
    began = time.process_time()

    parsed = parse(raw)

    assert time.process_time() - began < SECONDS
    assert "unreadable" not in problems(parsed)
    assert_storable(parsed)


def test_each_cut_is_reported():
    assert "html-too-complex" in problems(parse(HOSTILE["20,000 nested divs"]()))
    assert "nesting-cut" in problems(parse(HOSTILE["1,200 nested multiparts"]()))
    assert "parts-cut" in problems(parse(HOSTILE["300,000 parts"]()))
    assert "text-cut" in problems(parse(HOSTILE["2.4 MB of quote marks"]()))


def test_a_letter_that_breaks_the_reader_keeps_its_headers(monkeypatch):
    def fail(*_args: object) -> None:
        raise RecursionError

    monkeypatch.setattr(letter, "judge", fail)
    parsed = parse(HEAD + b"\nx")

    assert (parsed.from_email, parsed.subject) == ("a@b.example", "x")
    assert "unreadable" in problems(parsed)
