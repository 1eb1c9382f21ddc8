"""Lists of MAPI properties as winmail.dat holds them (MS-OXTNEF 2.1.3.4, MS-OXCDATA 2.11)."""

from dataclasses import dataclass, field

from mailbox.parsing.charset import decode

_FIXED = {1: 0, 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_VARIABLE = (_STRING, _UNICODE, _BINARY, _OBJECT)
_MANY = 0x1000
_NAMED = 0x8000
_MAX_PROPERTIES, _MAX_VALUES = 5_000, 10_000
# An object begins with the GUID of its interface.
_GUID = 16


class _Short(Exception):
    """The list ends before its last property."""


@dataclass(slots=True)
class Properties:
    """The first value of each property: its type and where its bytes lie."""

    data: bytes
    found: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def raw(self, tag: int) -> bytes:
        """A binary value; empty when there is none."""
        kind, start, end = self.found.get(tag, (0, 0, 0))
        return self.data[start:end] if kind == _BINARY else b""

    def text(self, tag: int, codepage: str) -> str:
        """A text value; empty when there is none."""
        kind, start, end = self.found.get(tag, (0, 0, 0))
        if kind == _UNICODE:
            return self.data[start:end].decode("utf-16-le", "replace").split("\0", 1)[0]
        return decode(self.data[start:end].split(b"\0", 1)[0], codepage)[0] if kind == _STRING else ""

    def number(self, tag: int) -> int:
        """A 32-bit value; 0 when there is none."""
        kind, start, _end = self.found.get(tag, (0, 0, 0))
        return int.from_bytes(self.data[start : start + 4], "little") if kind == 3 else 0

    def extent(self, tag: int) -> tuple[int, int] | None:
        """Where the bytes of a binary value or an object lie."""
        kind, start, end = self.found.get(tag, (0, 0, 0))
        if kind == _OBJECT and end - start >= _GUID:
            return start + _GUID, end
        return (start, end) if kind == _BINARY else None


def read_properties(data: bytes, start: int, end: int) -> Properties | None:
    """The properties in a stretch of bytes; None when it ends too early."""
    properties = Properties(data)
    try:
        at = start + 4
        for _ in range(min(_number(data, start, end), _MAX_PROPERTIES)):
            at = _read_one(properties, at, end)
    except _Short:
        return None
    return properties


def _read_one(properties: Properties, at: int, end: int) -> int:
    """Note one property and give the place behind it."""
    head = _number(properties.data, at, end)
    kind, tag = head & 0xFFFF, head >> 16
    at = _behind_name(properties.data, at + 4, end) if tag >= _NAMED else at + 4
    is_list, kind = bool(kind & _MANY), kind & ~_MANY
    count = 1
    if is_list or kind in _VARIABLE:
        count, at = _number(properties.data, at, end), at + 4
    size_known = kind in _FIXED and (_FIXED[kind] or not is_list)
    if count > _MAX_VALUES or not (size_known or kind in _VARIABLE):
        raise _Short
    for _ in range(count):
        size = _FIXED.get(kind, -1)
        if size < 0:
            size, at = _number(properties.data, at, end), at + 4
        if at + size > end:
            raise _Short
        properties.found.setdefault(tag, (kind, at, at + size))
        at += size + -size % 4
    return at


def _behind_name(data: bytes, at: int, end: int) -> int:
    """The place behind the GUID and the name or number of a named property."""
    at += _GUID
    if _number(data, at, end) == 0:
        return at + 8
    length = _number(data, at + 4, end)
    return at + 8 + length + -length % 4


def _number(data: bytes, at: int, end: int) -> int:
    if at + 4 > end:
        raise _Short
    return int.from_bytes(data[at : at + 4], "little")
