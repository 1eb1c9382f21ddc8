"""What a CMS object (RFC 5652) is and what an opaque signature wraps. The signature itself is not checked here."""

from collections.abc import Iterator

_SEQUENCE, _CONTEXT_0, _OCTETS, _OCTETS_IN_PIECES, _OID = 0x30, 0xA0, 0x04, 0x24, 0x06
_PKCS7 = bytes.fromhex("2a864886f70d0107")
_SIGNED_DATA = _PKCS7 + b"\x02"
_DATA = _PKCS7 + b"\x01"
# EnvelopedData and EncryptedData; AuthEnvelopedData has an identifier of another branch.
_ENCRYPTED = (_PKCS7 + b"\x03", _PKCS7 + b"\x06", bytes.fromhex("2a864886f70d0109100117"))
_MAX_PIECES = 100_000
_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")


class _Damaged(Exception):
    """The bytes are not BER as CMS uses it."""


def is_cms(kind: str, name: str) -> bool:
    """Whether a part is a signed or encrypted letter, by its type or the name of its file."""
    return kind in _TYPES or (kind == "application/octet-stream" and name.lower().endswith(".p7m"))


def protection(beginning: bytes, declared: str) -> str:
    """ "signed" or "encrypted", as the first bytes of the object say, else as its smime-type declares."""
    try:
        inside, _length = _header(memoryview(beginning), 0)
        _tag, identifier, _end = _element(memoryview(beginning), inside)
        kind = bytes(identifier)
    except (_Damaged, IndexError):
        kind = b""
    if kind == _SIGNED_DATA:
        return "signed"
    if kind in _ENCRYPTED:
        return "encrypted"
    if declared.startswith("signed"):
        return "signed"
    return "" if declared.startswith(("compressed", "certs")) else "encrypted"


def signed_content(data: bytes) -> bytes | None:
    """The MIME part inside a CMS SignedData, or None when there is none to be had."""
    try:
        outer = _children(_content(memoryview(data), _SEQUENCE))
        if not _names(next(outer), _SIGNED_DATA):
            return None
        signed = _content(_expect(next(outer), _CONTEXT_0), _SEQUENCE)
        # Version and digest algorithms stand in front of the content.
        fields = [value for tag, value in _children(signed) if tag == _SEQUENCE]
        inner = _children(fields[0])
        if not _names(next(inner), _DATA):
            return None
        return _octets(_expect(next(inner), _CONTEXT_0))
    except (_Damaged, StopIteration, IndexError):
        return None


def _names(element: tuple[int, memoryview], identifier: bytes) -> bool:
    tag, value = element
    return tag == _OID and len(value) == len(identifier) and bytes(value) == identifier


def _octets(data: memoryview) -> bytes:
    """An OCTET STRING, whole or in pieces of any size."""
    tag, value, _end = _element(data, 0)
    if tag == _OCTETS:
        return bytes(value)
    if tag != _OCTETS_IN_PIECES:
        raise _Damaged
    return b"".join(piece for piece_tag, piece in _children(value) if piece_tag == _OCTETS)


def _content(data: memoryview, tag: int) -> memoryview:
    found, value, _end = _element(data, 0)
    return _expect((found, value), tag)


def _expect(element: tuple[int, memoryview], tag: int) -> memoryview:
    if element[0] != tag:
        raise _Damaged
    return element[1]


def _children(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    at = 0
    for _ in range(_MAX_PIECES):
        if at >= len(data):
            return
        tag, value, at = _element(data, at)
        yield tag, value


def _element(data: memoryview, at: int) -> tuple[int, memoryview, int]:
    """(tag, content, end) of the element at a place."""
    start, length = _header(data, at)
    if length is None:
        end = _end_of_contents(data, start)
        return data[at], data[start:end], end + 2
    if start + length > len(data):
        raise _Damaged
    return data[at], data[start : start + length], start + length


def _header(data: memoryview, at: int) -> tuple[int, int | None]:
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


def _end_of_contents(data: memoryview, at: int) -> int:
    """The place of the end mark that belongs to content beginning here; nesting counted, not recursed."""
    open_marks = 1
    for _ in range(_MAX_PIECES):
        if bytes(data[at : at + 2]) == b"\x00\x00":
            open_marks -= 1
            if open_marks == 0:
                return at
            at += 2
            continue
        start, length = _header(data, at)
        open_marks += length is None
        at = start + (length or 0)
    raise _Damaged
