"""Content-Transfer-Encoding undone leniently: junk is skipped, never an exception.

Large bodies are decoded piece by piece, so that nobody has to hold a copy of all their bytes.
"""

import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_BLANK = b" \t\r\n"
_REMARK = re.compile(rb"=[ \t]+[^\r\n]*")
_PADDING = re.compile(rb"=+")
# More ends of data than this in one block are junk, not several files glued together.
_MAX_GLUED = 1_000
_UU_BEGIN = re.compile(rb"begin(?:-base64)? [0-7]{3,4} ?([^\r\n]{0,1000})\r?\n")
# Uuencoded files looked for in one text.
_MAX_BEGINNINGS = 1_000
_MAX_UU_FILES = 100
_BLOCK = 512 * 1024
_PLAIN = frozenset(("", "7bit", "8bit", "binary", "7-bit", "8-bit", "7 bit", "8 bit"))
_NAMES = {
    "base64": "base64",
    "base-64": "base64",
    "b": "base64",
    "quoted-printable": "quoted",
    "quotedprintable": "quoted",
    "q": "quoted",
    "x-uuencode": "uu",
    "x-uue": "uu",
    "uuencode": "uu",
    "uue": "uu",
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A stretch of a letter with its transfer encoding; nothing is copied before it is asked for."""

    data: bytes
    start: int
    end: int
    encoding: str = ""
    is_intact: bool = True

    def pieces(self) -> Iterator[bytes]:
        """The decoded bytes, in order."""
        if self.encoding == "base64":
            return _base64_pieces(self.data, self.start, self.end)
        if self.encoding == "quoted":
            return _quoted_pieces(self.data, self.start, self.end)
        if self.encoding == "uu" and (found := next(uuencoded(self.data, self.start, self.end), None)):
            return found.encoded.pieces()
        if self.encoding == "uu-lines":
            return _uu_lines(self.data, self.start, self.end)
        return (self.data[at : min(at + _BLOCK, self.end)] for at in range(self.start, self.end, _BLOCK))

    def content(self) -> bytes:
        """All of the decoded bytes."""
        if not self.encoding:
            return self.data[self.start : self.end]
        return b"".join(self.pieces())

    def head(self, size: int) -> bytes:
        """The first decoded bytes, at most `size`."""
        if not self.encoding:
            return self.data[self.start : min(self.end, self.start + size)]
        out = bytearray()
        for piece in self.pieces():
            out += piece
            if len(out) >= size:
                break
        return bytes(out[:size])

    def digest(self) -> tuple[int, str]:
        """How many bytes there are, decoded, and their SHA-256 in hex."""
        size, sha256 = 0, hashlib.sha256()
        for piece in self.pieces():
            size += len(piece)
            sha256.update(piece)
        return size, sha256.hexdigest()


def encoded(data: bytes, start: int, end: int, encoding: str) -> Encoded:
    """The body data[start:end] as its header says it is encoded, and whether that can be true."""
    given = encoding.split(";")[0].split("(")[0].strip().strip("\"'").lower()
    name = _NAMES.get(given, "")
    if not name:
        return Encoded(data, start, end, "", given in _PLAIN)
    if name == "base64" and not looks_like_base64(data[start : min(end, start + 4000)]):
        return Encoded(data, start, end, "", False)
    if name == "uu" and next(uuencoded(data, start, end), None) is None:
        return Encoded(data, start, end, "", False)
    return Encoded(data, start, end, name)


def looks_like_base64(beginning: bytes) -> bool:
    """Whether at most a tenth of the first bytes is foreign: plain text is often mislabelled."""
    sample = beginning.translate(None, _BLANK)
    foreign = len(sample.translate(None, _ALPHABET))
    if foreign * 10 > len(sample):
        return False
    # Words between spaces: base64 has line ends, not spaces.
    spaces = beginning.strip().count(b" ")
    return spaces * 12 <= len(sample) or not sample


def decode_base64(data: bytes) -> bytes:
    """Base64 with junk between, padding missing or in the middle (several pieces glued)."""
    return b"".join(_base64_pieces(data, 0, len(data)))


def _base64_pieces(data: bytes, at: int, end: int) -> Iterator[bytes]:
    rest = b""
    while at < end:
        stop = _block_end(data, at, end)
        block = data[at:stop]
        if b"=" in block and (b"= " in block or b"=\t" in block):
            # Padding ends the data; words behind it on the same line are somebody's remark.
            block = _REMARK.sub(b"=", block)
        clean = rest + block.translate(None, _NOT_BASE64)
        whole, rest = _glued(clean)
        yield from (_base64_end(piece) for piece in whole)
        complete = len(rest) - len(rest) % 4
        if complete:
            yield binascii.a2b_base64(rest[:complete])
        rest, at = rest[complete:], stop
    if rest:
        yield _base64_end(rest)


def _glued(clean: bytes) -> tuple[list[bytes], bytes]:
    """The pieces that padding ends, and what follows the last padding."""
    if b"=" not in clean:
        return [], clean
    if b"=" not in (piece := clean.rstrip(b"=")):
        return [piece], b""
    *whole, rest = _PADDING.split(clean, _MAX_GLUED)
    return whole, rest.replace(b"=", b"")


def _base64_end(piece: bytes) -> bytes:
    piece = piece[:-1] if len(piece) % 4 == 1 else piece
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


def _quoted_pieces(data: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        stop = _block_end(data, at, end)
        if stop < end and (sign := data.rfind(b"=", stop - 2, stop)) >= 0 and data[stop - 1] != 0x0A:
            # A coded character is not cut in two.
            stop = sign
        yield binascii.a2b_qp(data[at:stop])
        at = stop


def _block_end(data: bytes, at: int, end: int) -> int:
    """The end of a block that begins at a place: of its last whole line, if it has one."""
    stop = at + _BLOCK
    if stop >= end:
        return end
    line_end = data.rfind(b"\n", at, stop)
    return stop if line_end < 0 else line_end + 1


@dataclass(frozen=True, slots=True)
class UuFile:
    """An uuencoded file found in a text, which it takes up from `start` to `end`."""

    name: str
    encoded: Encoded
    start: int
    end: int


def uuencoded(data: bytes, start: int = 0, end: int | None = None) -> Iterator[UuFile]:
    """Each uuencoded file in a stretch of text."""
    stop = len(data) if end is None else end
    at, files = start, 0
    for _ in range(_MAX_BEGINNINGS):
        at = data.find(b"begin", at, stop)
        if at < 0 or files >= _MAX_UU_FILES:
            return
        begin = _UU_BEGIN.match(data, at, stop) if at == start or data[at - 1] in b"\r\n" else None
        if begin is None:
            at += 5
            continue
        lines_end, file_end = _uu_extent(data, begin.end(), stop)
        if lines_end > begin.end():
            content = Encoded(data, begin.end(), lines_end, "uu-lines")
            yield UuFile(begin[1].decode("utf-8", "replace"), content, at, file_end)
            files += 1
            at = file_end
        else:
            at = begin.end()


def _uu_extent(data: bytes, start: int, stop: int) -> tuple[int, int]:
    """Where the lines of a file end and where its "end" line does; equal to `start` when it is none."""
    at = start
    while at < stop:
        line_stop = data.find(b"\n", at, stop)
        line_stop = stop if line_stop < 0 else line_stop
        line = data[at : min(line_stop, at + 200)].rstrip()
        if line == b"end":
            return at, min(line_stop + 1, stop)
        if line and _uu_line(line) is None:
            return start, start
        at = line_stop + 1
    return start, start


def _uu_lines(data: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        stop = data.find(b"\n", at, end)
        stop = end if stop < 0 else stop
        line = data[at : min(stop, at + 200)].rstrip()
        at = stop + 1
        if line:
            yield _uu_line(line) or b""


def _uu_line(line: bytes) -> bytes | None:
    # The first character tells the length; some programs add a checksum behind it.
    length = (((line[0] - 32) & 63) * 4 + 5) // 3 + 1
    try:
        return binascii.a2b_uu(line[:length])
    except binascii.Error:
        return None
