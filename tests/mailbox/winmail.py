"""winmail.dat files built in code, to MS-OXTNEF, and rich text packed as MS-OXRTFCP describes."""

from __future__ import annotations

GUID = bytes(16)
BODY, BODY_HTML, RTF = 0x1000, 0x1013, 0x1009
LONG_NAME, DATA, MIME_TYPE, CONTENT_ID, METHOD = 0x3707, 0x3701, 0x370E, 0x3712, 0x3705
UNICODE, BINARY, OBJECT, LONG = 0x1F, 0x102, 0x0D, 3


def tnef(*attributes: bytes) -> bytes:
    return (0x223E9F78).to_bytes(4, "little") + b"\x01\x00" + b"".join(attributes)


def attribute(level: int, name: int, value: bytes) -> bytes:
    head = bytes((level,)) + name.to_bytes(4, "little") + len(value).to_bytes(4, "little")
    return head + value + (sum(value) & 0xFFFF).to_bytes(2, "little")


def codepage(number: int) -> bytes:
    return attribute(1, 0x69007, number.to_bytes(4, "little") + bytes(4))


def message(*properties: bytes) -> bytes:
    return attribute(1, 0x69003, _listed(properties))


def file(*properties: bytes, title: bytes = b"", content: bytes = b"") -> bytes:
    out = attribute(2, 0x69002, bytes(14))
    out += attribute(2, 0x18010, title + b"\0") if title else b""
    out += attribute(2, 0x6800F, content) if content else b""
    return out + (attribute(2, 0x69005, _listed(properties)) if properties else b"")


def text(tag: int, value: str) -> bytes:
    return _variable(tag, UNICODE, (value + "\0").encode("utf-16-le"))


def binary(tag: int, value: bytes) -> bytes:
    return _variable(tag, BINARY, value)


def letter_object(value: bytes) -> bytes:
    """A letter attached to the letter, as the data of a file."""
    return _variable(DATA, OBJECT, GUID + value)


def long(tag: int, value: int) -> bytes:
    return _head(tag, LONG) + value.to_bytes(4, "little")


def named(name: str, value: str) -> bytes:
    """A property that has a name instead of a number of its own."""
    encoded = (name + "\0").encode("utf-16-le")
    described = GUID + (1).to_bytes(4, "little") + len(encoded).to_bytes(4, "little") + _padded(encoded)
    data = (value + "\0").encode("utf-16-le")
    return (
        _head(0x8001, UNICODE) + described + (1).to_bytes(4, "little") + len(data).to_bytes(4, "little") + _padded(data)
    )


def packed(rtf: bytes, *, kind: bytes = b"LZFu") -> bytes:
    """Rich text packed without looking for repetitions, or not packed at all ("MELA")."""
    body = rtf
    if kind == b"LZFu":
        pieces = [rtf[at : at + 8] for at in range(0, len(rtf), 8)]
        body = b"".join(b"\0" + piece for piece in pieces)
    sizes = (len(body) + 12).to_bytes(4, "little") + len(rtf).to_bytes(4, "little")
    return sizes + kind + bytes(4) + body


def _listed(properties: tuple[bytes, ...]) -> bytes:
    return len(properties).to_bytes(4, "little") + b"".join(properties)


def _head(tag: int, kind: int) -> bytes:
    return (tag << 16 | kind).to_bytes(4, "little")


def _variable(tag: int, kind: int, data: bytes) -> bytes:
    return _head(tag, kind) + (1).to_bytes(4, "little") + len(data).to_bytes(4, "little") + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
