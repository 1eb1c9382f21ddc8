"""Content-Transfer-Encoding undone leniently: junk is skipped, never an exception."""

import binascii
import re
from collections.abc import Iterator

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_BLANK = b" \t\r\n"
_REMARK = re.compile(rb"=[ \t]+[^\r\n]*")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ?([^\r\n]*)\r?$", re.MULTILINE)


def decode_transfer(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """The bytes meant by a body, and whether they could be had without damage."""
    name = encoding.split(";")[0].split("(")[0].strip().strip("\"'").lower()
    if name in ("base64", "base-64", "b"):
        if not looks_like_base64(data):
            return data, False
        return decode_base64(data), True
    if name in ("quoted-printable", "quotedprintable", "q"):
        return binascii.a2b_qp(data), True
    if name in ("x-uuencode", "x-uue", "uuencode", "uue"):
        found = next(uuencoded(data), None)
        return (found[1], True) if found else (data, False)
    return data, name in ("", "7bit", "8bit", "binary", "7-bit", "8-bit", "7 bit", "8 bit")


def looks_like_base64(data: bytes) -> bool:
    """Whether at most a tenth of the first bytes is foreign: plain text is often mislabelled."""
    sample = data[:4000].translate(None, _BLANK)
    foreign = len(sample.translate(None, _ALPHABET))
    if foreign * 10 > len(sample):
        return False
    # Words between spaces: base64 has line ends, not spaces.
    spaces = data[:4000].strip().count(b" ")
    return spaces * 12 <= len(sample) or not sample


def decode_base64(data: bytes) -> bytes:
    """Base64 with junk between, padding missing or in the middle (several pieces glued)."""
    # Padding ends the data; words behind it on the same line are somebody's remark.
    clean = _REMARK.sub(b"=", data).translate(None, _NOT_BASE64)
    return b"".join(_piece(piece) for piece in re.split(rb"=+", clean))


def _piece(piece: bytes) -> bytes:
    piece = piece[:-1] if len(piece) % 4 == 1 else piece
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


def uuencoded(data: bytes) -> Iterator[tuple[str, bytes, int, int]]:
    """Each uuencoded file inside a text: its name, content, and where it starts and ends."""
    at = 0
    while (begin := _UU_BEGIN.search(data, at)) is not None:
        content, at, ended = _uu_lines(data, begin.end() + 1)
        if ended and content:
            yield begin[1].decode("utf-8", "replace"), content, begin.start(), at


def _uu_lines(data: bytes, at: int) -> tuple[bytes, int, bool]:
    pieces: list[bytes] = []
    while at < len(data):
        stop = data.find(b"\n", at)
        stop = len(data) if stop < 0 else stop
        line = data[at:stop].rstrip(b"\r")
        at = stop + 1
        if line.strip() == b"end":
            return b"".join(pieces), at, True
        if not line.strip():
            continue
        # The first character tells the length; some programs add a checksum behind it.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3 + 1
        try:
            pieces.append(binascii.a2b_uu(line[:length]))
        except binascii.Error:
            return b"".join(pieces), at, False
    return b"".join(pieces), at, False
