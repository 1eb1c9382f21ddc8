"""Writing a letter's bytes as the mail programs of operators do: charsets, transfer encodings, HTML, names of files.

By hand and not by `email`, since many of these programs write what `email` would refuse to.
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.quoprimime import header_encode
from urllib.parse import quote

# What the eight-bit charsets have no letter for, as the programs of their time wrote it.
POORER = {
    "koi8-r": str.maketrans({"«": '"', "»": '"', "—": "-", "–": "-", "№": "N", "…": "..."}),
    "windows-1251": str.maketrans({}),
    "utf-8": str.maketrans({}),
}
# Bytes of one encoded word, so that it stays under the 75 characters of RFC 2047.
WORD_BYTES = {"B": 36, "Q": 18}
LABEL = re.compile(r"([А-ЯЁA-Z][^:>]{2,40}): (.+)")


@dataclass(frozen=True, slots=True)
class Form:
    """How one letter is written."""

    charset: str = "utf-8"
    # Without a declared charset the reader has to guess.
    is_declared: bool = True
    transfer: str = "base64"
    # "plain", "alternative" (plain and HTML) or "html"
    body: str = "plain"
    # "B" or "Q"; "raw" are eight-bit headers.
    words: str = "B"
    # Some programs cut encoded words at bytes, in the middle of a letter.
    cuts_letters: bool = False


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file of a letter. `naming`: how its name is written."""

    name: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"
    naming: str = "2231"


Headers = Sequence[tuple[str, str]]


def poorer(text: str, charset: str) -> str:
    """The text in the letters that this charset has."""
    return text.translate(POORER[charset])


def letter(headers: Headers, text: str, form: Form, files: Sequence[Enclosed] = ()) -> bytes:
    """The letter with a body of one text, written in the given form."""
    part = _body(text, form)
    if files:
        part = multipart("mixed", [part, *(_file(each) for each in files)])
    return _head(headers, form) + part


def multipart(kind: str, parts: Sequence[bytes], parameters: str = "") -> bytes:
    """Parts, each with its own headers, as one."""
    boundary = f"----=_{kind}_{len(parts[0]):06d}.{sum(map(len, parts)):09d}".encode()
    pieces = [b'Content-Type: multipart/%s; %sboundary="%s"\r\n' % (kind.encode(), parameters.encode(), boundary)]
    pieces += [b"\r\n--%s\r\n%s\r\n" % (boundary, part) for part in parts]
    return b"".join([*pieces, b"--%s--\r\n" % boundary])


def with_headers(headers: Headers, part: bytes) -> bytes:
    return _head(headers, Form()) + part


def text_part(kind: str, text: str, form: Form) -> bytes:
    """A part of text/`kind`: its headers and its encoded content."""
    raw = text.replace("\n", "\r\n").encode(form.charset)
    charset = f"; charset={form.charset}" if form.is_declared else ""
    head = f"Content-Type: text/{kind}{charset}\r\nContent-Transfer-Encoding: {form.transfer}\r\n\r\n"
    return head.encode() + _transferred(raw, form.transfer)


def _body(text: str, form: Form) -> bytes:
    plain = text_part("plain", text, form)
    if form.body == "plain":
        return plain
    marked = text_part("html", as_html(text, form.charset if form.is_declared else ""), form)
    return marked if form.body == "html" else multipart("alternative", [plain, marked])


def _transferred(raw: bytes, transfer: str) -> bytes:
    if transfer == "base64":
        return base64.encodebytes(raw).replace(b"\n", b"\r\n")
    if transfer == "quoted-printable":
        return quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return raw


def as_html(text: str, charset: str) -> str:
    """The text as Outlook would mark it up: paragraphs, facts as a table, quotations as blocks."""
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    style = "<style>p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif}</style>"
    lines = [f"<html><head>{meta}{style}</head><body lang=RU link=blue vlink=purple><div class=WordSection1>"]
    inside = ""
    for line in text.split("\n"):
        wanted = "blockquote" if line.startswith(">") else "table" if LABEL.fullmatch(line) else ""
        if wanted != inside:
            lines += [f"</{inside}>"] * bool(inside) + [_opened(wanted)] * bool(wanted)
            inside = wanted
        lines.append(_marked(line, wanted))
    lines += [f"</{inside}>"] * bool(inside)
    return "\n".join([*lines, "</div></body></html>"])


def _opened(tag: str) -> str:
    return '<blockquote type="cite">' if tag == "blockquote" else "<table border=0 cellpadding=3>"


def _marked(line: str, inside: str) -> str:
    if inside == "table":
        name, _, value = line.partition(": ")
        return f"<tr><td nowrap>{html.escape(name)}:</td><td><b>{html.escape(value)}</b></td></tr>"
    words = html.escape(line.lstrip("> ")) or "&nbsp;"
    return f'<p class=MsoNormal><span style="color:#1F497D">{words}<o:p></o:p></span></p>'


def _head(headers: Headers, form: Form) -> bytes:
    lines = []
    for name, value in headers:
        encoded = _header(value, form) if not value.isascii() else value.encode()
        lines.append(b"%s: %s\r\n" % (name.encode(), encoded))
    return b"".join([*lines, b"MIME-Version: 1.0\r\n"])


def _header(value: str, form: Form) -> bytes:
    """A header with Cyrillic; an address behind the name stays as it is."""
    name, angle, address = value.partition(" <")
    if form.words == "raw":
        return value.encode(form.charset)
    return _words(name, form) + (angle + address).encode()


def _words(text: str, form: Form) -> bytes:
    size = WORD_BYTES[form.words]
    if form.cuts_letters:
        raw = text.encode(form.charset)
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    else:
        most = size // len("я".encode(form.charset))
        pieces = [text[at : at + most].encode(form.charset) for at in range(0, len(text), most)]
    return b"\r\n ".join(_word(piece, form) for piece in pieces)


def _word(piece: bytes, form: Form) -> bytes:
    if form.words == "Q":
        return header_encode(piece, form.charset).encode()
    return b"=?%s?B?%s?=" % (form.charset.encode(), base64.b64encode(piece))


def _file(each: Enclosed) -> bytes:
    head = [f"Content-Type: {each.content_type}".encode(), b"Content-Transfer-Encoding: base64"]
    head.append(b"Content-Disposition: attachment;\r\n " + _filename(each.name, each.naming))
    return b"\r\n".join(head) + b"\r\n\r\n" + _transferred(each.content, "base64")


def _filename(name: str, naming: str) -> bytes:
    if name.isascii():
        return b'filename="%s"' % name.encode()
    if naming == "raw":
        return b'filename="%s"' % name.encode()
    if naming == "2047":
        return b'filename="%s"' % _words(name, Form())
    encoded = quote(name, safe="")
    if naming == "2231":
        return b"filename*=utf-8''" + encoded.encode()
    pieces = [encoded[at : at + 60] for at in range(0, len(encoded), 60)]
    first, *others = pieces
    lines = [f"filename*0*=utf-8''{first}", *(f"filename*{n}*={each}" for n, each in enumerate(others, 1))]
    return ";\r\n ".join(lines).encode()
