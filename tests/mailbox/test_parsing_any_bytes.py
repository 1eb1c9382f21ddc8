"""Whatever comes, parse answers, quickly, with what PostgreSQL can store."""

import dataclasses
import hashlib
import time
from collections.abc import Callable
from encodings.aliases import aliases
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailbox.parsing import ParsedEmail, letter, limits, parse
from tests.mailbox.letters import LETTERS, problems

HEAD = b"From: a@b.example\nSubject: x\n"
HTML = HEAD + b"Content-Type: text/html\n\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
PDF = b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
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
    assert len(parsed.from_email) <= limits.EMAIL_CHARS
    assert len(parsed.subject) <= limits.SUBJECT_CHARS
    assert len(parsed.text) <= limits.TEXT_CHARS
    assert len(parsed.html) <= limits.HTML_CHARS
    assert len(parsed.safe_html) <= limits.SAFE_HTML_CHARS
    for message_id in (parsed.message_id, *parsed.in_reply_to, *parsed.references, parsed.bounced_message_id):
        assert len(message_id) <= limits.ID_LENGTH + 2
    for file in parsed.attachments:
        assert 0 < len(file.name) <= limits.NAME_CHARS
        assert len(file.content_type) <= limits.NAME_CHARS
        assert len(file.content_id) <= limits.ID_LENGTH
        assert (file.size, file.sha256) == (len(file.content), hashlib.sha256(file.content).hexdigest())


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


SAMPLES = [path.read_bytes() for path in sorted(LETTERS.glob("*.eml"))]


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


@st.composite
def mutated_letters(draw: st.DrawFn) -> bytes:
    """One of our letters, damaged in a few places as relays, disks and attackers do."""
    raw = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        size = draw(st.integers(0, 60))
        other = draw(st.sampled_from(SAMPLES))
        start = draw(st.integers(0, len(other)))
        raw[at : at + size] = draw(
            st.one_of(
                st.just(b""),
                st.binary(max_size=20),
                st.sampled_from(PIECES),
                st.just(bytes(raw[at : at + size]) * 3),
                st.just(other[start : start + 200]),
            )
        )
    return bytes(raw)


@settings(PURE, max_examples=400)
@given(mutated_letters())
@example(b"\nbegin 644\x00 act.txt\n#0V%T\nend\n")
@example(b"Auto-Submitted: auto\x00-replied\n\nx")
def test_any_damage_to_a_letter_leaves_it_readable_and_storable(raw):
    parsed = parse(raw)

    assert_storable(parsed)
    assert "unreadable" not in problems(parsed)


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
    "300,000 parts": lambda: MIXED + b"--b\n\nx\n" * 300_000,
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
    "70,000 attributes": lambda: HTML + b"<p " + b" ".join(b'a%d=">"' % n for n in range(70_000)) + b">x",
    "formatting opened again and again": lambda: (
        HTML + b"<p>" + b"".join(b"<b id=%d>" % n for n in range(240)) + b"<p>x" * 50_000
    ),
    "nesting that hides from a count of tags": lambda: HTML + b"<div><table><td></div></table>" * 30_000,
    "one cell wider than a book": lambda: (
        HTML + b"<table><tr><td>" + b"x" * 400_000 + b"<td>y" + b"<tr><td>1<td>2" * 9_000
    ),
    "500 tables with a wide cell": lambda: (
        HTML + (b"<table><tr><td>" + b"x" * 700 + b"<tr><td>1" * 100 + b"</table>") * 500
    ),
    "a tag without end": lambda: HTML + b"<" + b"a" * 1_000_000,
    "a million ampersands": lambda: HTML + b"&" * 1_000_000,
    "preformatted blanks": lambda: HTML + b"<pre>" + b" " * 1_000_000 + b"x",
    "500 parts of HTML": lambda: MIXED + (b"--b\nContent-Type: text/html\n\n" + b"<p>x" * 2_000 + b"\n") * 500,
    "labels and blanks": lambda: HEAD + b"\n" + ("От".encode() + b" " * 900 + b"x\n") * 1_000,
    "boundaries that are none": lambda: MIXED + b"--b\n\n" + b"--b x\n" * 1_000_000,
    "5 MB of HTML": lambda: HTML + "<tr><td>Номер<td>30-2542".encode() * 150_000,
    "70 files of PDF": lambda: MIXED + (b"--b\n" + PDF + b"JVBERi0xLjQK" * 3_000 + b"\n") * 70,
    "glued ends of base64": lambda: HEAD + PDF + b"A=" * 2_000_000,
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
    assert "html-cut" in problems(parse(HOSTILE["5 MB of HTML"]()))
    assert "html-cut" in problems(parse(HOSTILE["500 parts of HTML"]()))
    assert "recipients-cut" in problems(parse(HOSTILE["5,000 recipients"]()))


def test_text_beyond_the_limit_in_later_parts_is_reported():
    part = b"--b\n\n" + b"x" * limits.TEXT_CHARS + b"\n"
    letter = parse(MIXED + part * 2)

    assert len(letter.text) == limits.TEXT_CHARS
    assert "text-cut" in problems(letter)


def test_every_file_of_70_is_kept():
    files = parse(HOSTILE["70 files of PDF"]()).attachments

    assert [file.content for file in files] == [b"%PDF-1.4\n" * 3_000] * 70


def test_a_letter_that_breaks_the_reader_keeps_its_headers(monkeypatch):
    def fail(*_args: object) -> None:
        raise RecursionError

    monkeypatch.setattr(letter, "judge", fail)
    parsed = parse(HEAD + b"\nx")

    assert (parsed.from_email, parsed.subject) == ("a@b.example", "x")
    assert "unreadable" in problems(parsed)
