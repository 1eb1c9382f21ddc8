"""Letters that want to be read slowly or at great cost, as large as MAIL_MAX_BYTES lets them be; and ordinary ones."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

LARGEST = 50 * 2**20
HEAD = b"From: noc@operator.example\nTo: desk@towers.example\nSubject: x\n"
TEXT = HEAD + b"Content-Type: text/plain; charset=utf-8\n\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\n\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n'
ATTACHED = b'Content-Type: application/octet-stream; name="x.bin"\nContent-Disposition: attachment\n'
# What a page of HTML may have before it is cut.
PAGE = 2**20


def _repeated(head: bytes, piece: bytes, tail: bytes = b"", size: int = LARGEST) -> Callable[[Path], int]:
    """Write a letter that says one thing over and over, piece by piece; gives its size."""

    def write(file: Path) -> int:
        times = (size - len(head) - len(tail)) // len(piece)
        block = piece * max(1, 2**20 // len(piece))
        with file.open("wb") as out:
            out.write(head)
            for _ in range(times // (len(block) // len(piece))):
                out.write(block)
            out.write(piece * (times % (len(block) // len(piece))) + tail)
        return file.stat().st_size

    return write


def _made(make: Callable[[], bytes]) -> Callable[[Path], int]:
    return lambda file: file.write_bytes(make())


def _base64_lines(size: int) -> bytes:
    return base64.encodebytes(os.urandom(size * 57 // 78))


def _nested(levels: int, tail: bytes) -> bytes:
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels))
    return HEAD + b"".join(heads) + tail


def _encoded_within(levels: int, encoding: str) -> bytes:
    """A multipart in a multipart, each with a transfer encoding, which has to be undone to look inside."""
    largest = LARGEST // 4 if encoding == "base64" else LARGEST * 9 // 10
    letter = b"Content-Type: text/plain\n\n" + b"x" * largest
    for _ in range(levels):
        part = b"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: %s\n\n" % encoding.encode()
        body = b"--b\n" + letter + b"\n--b--\n"
        letter = part + (base64.encodebytes(body) if encoding == "base64" else body.replace(b"=", b"=3D"))
        if len(letter) > LARGEST:
            break
    return HEAD + letter[:LARGEST]


def _formatting_reopened() -> bytes:
    marks = b"".join(b"<b id=%d>" % n for n in range(240))
    return HTML + b"<p>" + marks + b"<p>x" * 90_000


def _hidden_nesting() -> bytes:
    return HTML + b"<div><table><td></div></table>" * 30_000


def _wide_cell() -> bytes:
    return HTML + b"<table><tr><td>" + b"x" * 400_000 + b"<td>y" + b"<tr><td>1<td>2" * 9_000


def _attributes() -> bytes:
    return HTML + b"<p " + b" ".join(b'a%d=">"' % n for n in range(70_000)) + b">x"


def _recipients() -> bytes:
    return b"To: " + b", ".join(b"Name <u%d@x.example>" % n for n in range(5_000)) + b"\n" + TEXT + b"x"


def _pdfs() -> bytes:
    part = b"\n--b\nContent-Type: application/pdf; name=act%d.pdf\nContent-Transfer-Encoding: base64\n\n%s"
    return MIXED + b"".join(part % (n, _base64_lines(500_000)) for n in range(70)) + b"--b--\n"


def _texts(kind: bytes, count: int, piece: bytes) -> bytes:
    size = LARGEST // count
    part = b"--b\nContent-Type: %s\n\n%s\n" % (kind, piece * (size // len(piece)))
    return MIXED + part * count + b"--b--\n"


def _uuencoded() -> bytes:
    line = b"M" + b"0V%T" * 15 + b"\n"
    return TEXT + b"begin 644 x.bin\n" + line * (LARGEST // len(line)) + b"`\nend\n"


def _winmail() -> bytes:
    size = 35 * 2**20
    data = bytes(size)
    blob = (0x223E9F78).to_bytes(4, "little") + b"\0\0"
    for level, name, value in ((2, 0x69002, bytes(14)), (2, 0x18010, b"x.bin\0"), (2, 0x6800F, data)):
        blob += bytes((level,)) + name.to_bytes(4, "little") + len(value).to_bytes(4, "little") + value
        blob += (sum(value) & 0xFFFF).to_bytes(2, "little")
    head = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    return HEAD + head + base64.encodebytes(blob)


HOSTILE: dict[str, Callable[[Path], int]] = {
    "base64 attachment": _made(
        lambda: (
            MIXED
            + b"--b\n\nx\n--b\n"
            + ATTACHED
            + b"Content-Transfer-Encoding: base64\n\n"
            + _base64_lines(LARGEST - 2**20)
            + b"--b--\n"
        )
    ),
    "70 files of PDF": _made(_pdfs),
    "winmail.dat": _made(_winmail),
    "uuencoded file": _made(_uuencoded),
    "text": _repeated(TEXT, "Нет питания на объекте KI0075. ".encode() * 3 + b"\n"),
    "text without line ends": _repeated(TEXT, b"x"),
    "quoted lines": _repeated(TEXT, b"> quoted line\n"),
    "quote marks": _repeated(TEXT, b">"),
    "empty quoted lines": _repeated(TEXT, b">\n"),
    "quoted-printable": _repeated(HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n", b"=D0=9D=\n"),
    "quoted-printable attachment": _repeated(
        MIXED + b"--b\n" + ATTACHED + b"Content-Transfer-Encoding: quoted-printable\n\n", b"=D0=9D=D0", b"\n--b--"
    ),
    "equal signs as base64": _repeated(
        MIXED + b"--b\n" + ATTACHED + b"Content-Transfer-Encoding: base64\n\n", b"A=", b"\n--b--"
    ),
    "HTML": _repeated(HTML, "<p>Нет <b>питания</b> на объекте</p>\n".encode()),
    "HTML in 500 parts": _made(lambda: _texts(b"text/html", 500, b"<p>x")),
    "text in 50 parts": _made(lambda: _texts(b"text/plain; charset=koi8-r", 50, b"\xce\xc5\xd4 ")),
    "one header": _repeated(HEAD + b"X-Long: y\n", b" y\n", b"\nx"),
    "one header line": _repeated(HEAD + b"X-Long: ", b"y", b"\n\nx"),
    "headers": _repeated(HEAD, b"X: y\n", b"\nx"),
    "headers of 1 KB": _repeated(HEAD, b"X: " + b"y" * 1000 + b"\n", b"\nx"),
    "stray lines among headers": _repeated(HEAD, b"stray\n" * 59 + b"Date: x\n", b"\nx"),
    "recipients": _made(_recipients),
    "50 MB of recipients": _repeated(HEAD + b"To: ", b"Name <u@x.example>,\n ", b"\n\nx"),
    "references": _repeated(HEAD + b"References: ", b"<a@x.example>\n ", b"\n\nx"),
    "100,000 parts": _repeated(MIXED, b"--b\n\n" + b"x" * 518 + b"\n", b"--b--\n"),
    "parts of nothing": _repeated(MIXED, b"--b\n\n"),
    "false boundaries": _repeated(MIXED + b"--b\n\n", b"--b x\n"),
    "dashes for boundaries": _repeated(HEAD + b'Content-Type: multipart/mixed; boundary="-"\n\n', b"-"),
    "lost boundary": _repeated(HEAD + b"Content-Type: multipart/mixed\n\n", b"--" + b"a" * 200 + b" \n"),
    "1,200 nested multiparts": _made(lambda: _nested(1_200, b"")),
    "30 nested multiparts around 50 MB": _made(lambda: _nested(30, b"\n\n" + b"\n--" * (LARGEST // 3 - 1000))),
    "multiparts in base64": _made(lambda: _encoded_within(5, "base64")),
    "multiparts in quoted-printable": _made(lambda: _encoded_within(25, "quoted-printable")),
    "1,200 letters in letters": _made(lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 1_200 + b"x"),
    "letter passed on": _repeated(HEAD + b"Content-Type: message/rfc822\n\n" + TEXT, b"text\n"),
    "5 MB HTML": _repeated(HTML, "<tr><td>Номер<td>30-2542".encode(), size=5 * 2**20),
    "20,000 nested divs": _made(lambda: HTML + b"<div>" * 20_000 + b"x"),
    "hidden nesting": _made(_hidden_nesting),
    "formatting opened again": _made(_formatting_reopened),
    "one wide cell": _made(_wide_cell),
    "70,000 attributes": _made(_attributes),
    "one tag name": _repeated(HTML + b"<", b"a", size=PAGE),
    "ampersands": _repeated(HTML, b"&", size=PAGE),
    "angles": _repeated(HTML, b"<", size=PAGE),
    "preformatted blanks": _repeated(HTML + b"<pre>", b" ", b"x", size=PAGE),
    "blockquotes": _repeated(HTML, b"<blockquote>x</blockquote>", size=PAGE),
    "50,000 cells": _repeated(HTML + b"<table>", b"<tr><td>a<td>b", size=280_000),
    "attribution lines": _repeated(TEXT, "12.05.2026 10:00 а".encode() + b" x" * 480 + b":\n"),
    "labels": _repeated(TEXT, "От".encode() + b" " * 900 + b"x\n"),
    "at signs of a daemon": _repeated(HEAD.replace(b"noc", b"mailer-daemon") + b"\n", b"@"),
    "encoded words": _repeated(HEAD + b"Subject: ", b"=?utf-8?q?", b"\n\nx", size=65_000),
    "unknown alphabet": _repeated(HEAD + b"\n", bytes(range(128, 256))),
    "begun files": _repeated(TEXT, b"begin 644 a\n", b"\nend\n"),
}

_WORDS = """Добрый день!

Просим проверить внешнее электропитание на объекте KI0075 / 41960-P-43-1-1.
Номер БС: 30-2542
Адрес: Кировская область, г. Киров, ул. Мира, 30, координаты 49.404611 58.873361
Время выхода аварии: 12.05.2026 10:04

С уважением,
дежурный инженер
+7 900 000-00-00

12.05.2026 10:00, Диспетчерская пишет:
"""
_HISTORY = "> Заявка NT-163341 принята в работу, бригада выехала.\n" * 14


def _ordinary(charset: str, cte: str, *, html: bool = False) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["Return-Path"] = "<noc@operator.example>"
    for n in range(3):
        message["Received"] = f"from mx{n}.operator.example by mx.towers.example with ESMTPS id 4ABC{n}; " * 2
    message["DKIM-Signature"] = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=operator.example; b=" + "Ab9" * 40
    message["From"] = "Дежурный NOC <noc@operator.example>"
    message["To"] = 'Диспетчерская <desk@towers.example>, "Пост 2" <post@towers.example>'
    message["Subject"] = "Re: NT-163341: Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1"
    message["Date"] = "Tue, 12 May 2026 10:04:11 +0300"
    message["Message-ID"], message["In-Reply-To"] = "<1@operator.example>", "<2@towers.example>"
    message["References"] = "<0@operator.example> <2@towers.example>"
    message.set_content(_WORDS + _HISTORY, charset=charset, cte=cte)
    if html:
        lines = "".join(f'<p class="MsoNormal"><span style="font-size:11pt">{x}</span></p>' for x in _WORDS.split("\n"))
        cell = '<td style="border:1px solid #ccc"><p class="MsoNormal">{}</p></td>'
        rows = "".join(f"<tr>{cell.format(n)}{cell.format('<b>30-2542</b>')}</tr>" for n in range(24))
        page = f'<html><body lang="RU">{lines}<table>{rows}</table><img src="https://t.example/p.gif"></body></html>'
        message.add_alternative(page, subtype="html", cte=cte)
    return message.as_bytes()


def _with_file() -> bytes:
    part = ATTACHED + b"Content-Transfer-Encoding: base64\n\n" + _base64_lines(280_000)
    return MIXED + b"--b\nContent-Type: text/plain; charset=utf-8\n\n" + _WORDS.encode() + b"--b\n" + part + b"--b--\n"


ORDINARY: dict[str, Callable[[], bytes]] = {
    "text in KOI8-R": lambda: _ordinary("koi8-r", "8bit"),
    "text in Windows-1251": lambda: _ordinary("windows-1251", "8bit"),
    "text in UTF-8, base64": lambda: _ordinary("utf-8", "base64"),
    "text in UTF-8, quoted-printable": lambda: _ordinary("utf-8", "quoted-printable"),
    "text in KOI8-R, undeclared": lambda: _ordinary("koi8-r", "8bit").replace(b'; charset="koi8-r"', b""),
    "text and html, quoted-printable": lambda: _ordinary("utf-8", "quoted-printable", html=True),
    "text and a file": _with_file,
    "text and html, base64": lambda: _ordinary("utf-8", "base64", html=True),
}
