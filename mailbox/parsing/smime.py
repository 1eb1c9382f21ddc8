"""What an opaque S/MIME signature wraps. The signature itself is not checked here."""

from collections.abc import Iterator

_SEQUENCE, _SET, _CONTEXT_0, _OCTETS, _OCTETS_IN_PIECES, _OID = 0x30, 0x31, 0xA0, 0x04, 0x24, 0x06
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_MAX_PIECES = 100_000


class _Damaged(Exception):
    """The bytes are not BER as CMS uses it."""


def signed_content(data: bytes) -> bytes | None:
    """The MIME part inside a CMS SignedData (RFC 5652), or None when there is none to be had."""
    try:
        outer = _children(_content(data, _SEQUENCE))
        if next(outer) != (_OID, _SIGNED_DATA):
            return None
        signed = _content(_expect(next(outer), _CONTEXT_0), _SEQUENCE)
        # Version and digest algorithms stand in front of the content.
        fields = [value for tag, value in _children(signed) if tag == _SEQUENCE]
        inner = _children(fields[0])
        if next(inner) != (_OID, _DATA):
            return None
        return _octets(_expect(next(inner), _CONTEXT_0))
    except (_Damaged, StopIteration, IndexError):
        return None


def _octets(data: bytes) -> bytes:
    """An OCTET STRING, whole or in pieces of any size."""
    tag, value, _end = _element(data, 0)
    if tag == _OCTETS:
        return value
    if tag != _OCTETS_IN_PIECES:
        raise _Damaged
    return b"".join(piece for piece_tag, piece in _children(value) if piece_tag == _OCTETS)


def _content(data: bytes, tag: int) -> bytes:
    found, value, _end = _element(data, 0)
    return _expect((found, value), tag)


def _expect(element: tuple[int, bytes], tag: int) -> bytes:
    if element[0] != tag:
        raise _Damaged
    return element[1]


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MAX_PIECES):
        if at >= len(data):
            return
        tag, value, at = _element(data, at)
        yield tag, value


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """(tag, content, end) of the element at a place."""
    start, length = _header(data, at)
    if length is None:
        end = _end_of_contents(data, start)
        return data[at], data[start:end], end + 2
    if start + length > len(data):
        raise _Damaged
    return data[at], data[start : start + length], start + length


def _header(data: bytes, at: int) -> tuple[int, int | None]:
    """Where the content begins and how long it is; None for "until the end mark"."""
    if at + 2 > len(data):
        raise _Damaged
    first = data[at + 1]
    if first < 0x80:
        return at + 2, first
    size = first & 0x7F
    if size == 0:
        return at + 2, None
    if size > 4:
        raise _Damaged
    return at + 2 + size, int.from_bytes(data[at + 2 : at + 2 + size], "big")


def _end_of_contents(data: bytes, at: int) -> int:
    """The place of the end mark that belongs to content beginning here; nesting counted, not recursed."""
    open_marks = 1
    for _ in range(_MAX_PIECES):
        if data[at : at + 2] == b"\x00\x00":
            open_marks -= 1
            if open_marks == 0:
                return at
            at += 2
            continue
        start, length = _header(data, at)
        open_marks += length is None
        at = start + (length or 0)
    raise _Damaged
