"""The bytes of our letters: parts in base64, which no relay changes, in a tree that every mail program knows."""

from __future__ import annotations

import re
import secrets
from binascii import b2a_base64
from collections.abc import Sequence
from typing import NamedTuple

from mailbox.letter_headers import file_headers, header
from mailbox.parsing.storable import storable

_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+_-]{0,100}")
_LETTER = "message/rfc822"
# Lines longer than this are broken on their way.
_LONGEST_LINE = 998
_LONG_LINE = re.compile(rb"[^\r\n]{%d}" % (_LONGEST_LINE + 1))
# Characters of strangers that turn the direction of all that follows.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")


class File(NamedTuple):
    """A file that goes with a letter."""

    name: str
    content_type: str
    content: bytes


def letter(headers: Sequence[str], text: str, html: str, files: Sequence[File]) -> bytes:
    """A letter of a text and its twin in HTML, with files."""
    words = _tree("alternative", [_text_part("plain", text), _text_part("html", html)])
    body = _tree("mixed", [words, *(_file_part(each) for each in files)]) if files else words
    return "\r\n".join([*headers, "MIME-Version: 1.0", ""]).encode("ascii") + body


def _tree(kind: str, parts: Sequence[bytes]) -> bytes:
    # No base64 holds "=_", and nobody guesses the rest.
    boundary = f"=_{secrets.token_hex(16)}"
    begin = f"--{boundary}\r\n".encode()
    head = header("Content-Type", [f"multipart/{kind};", f'boundary="{boundary}"']).encode()
    return b"".join(
        [head, b"\r\n\r\n", *(piece for part in parts for piece in (begin, part, b"\r\n")), begin[:-2], b"--\r\n"]
    )


def _text_part(kind: str, text: str) -> bytes:
    content = f"{_TURNING.sub('', storable(text)).rstrip()}\n".replace("\n", "\r\n").encode()
    return _encoded([f'Content-Type: text/{kind}; charset="utf-8"'], content)


def _file_part(file: File) -> bytes:
    kind = file.content_type.partition(";")[0].strip().lower()
    if kind == _LETTER and _may_go_as_it_is(file.content):
        # A letter in a letter must not be encoded (RFC 2046).
        head = [*file_headers(file.name, kind), "Content-Transfer-Encoding: 7bit"]
        return "\r\n".join([*head, "", ""]).encode("ascii") + _LINE_ENDS.sub(b"\r\n", file.content)
    if not _TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    elif kind.startswith("text/") and _is_utf8(file.content):
        kind = f"{kind}; charset=utf-8"
    return _encoded(file_headers(file.name, kind), file.content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _may_go_as_it_is(raw: bytes) -> bool:
    return raw.isascii() and b"\0" not in raw and _LONG_LINE.search(raw) is None


def _encoded(headers: Sequence[str], content: bytes) -> bytes:
    head = "\r\n".join([*headers, "Content-Transfer-Encoding: base64", "", ""]).encode("ascii")
    encoded = b2a_base64(content, newline=False)
    return head + b"\r\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
