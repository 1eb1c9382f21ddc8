"""winmail.dat (MS-OXTNEF): the body and the files that Outlook wraps into a format of its own.

Every length is checked against what is there; what does not fit makes the whole file damaged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbox.parsing import limits
from mailbox.parsing.charset import decode
from mailbox.parsing.mapi import Properties, read_properties
from mailbox.parsing.rtf import decompress, read_rtf

_SIGNATURE = 0x223E9F78
_LEVEL_MESSAGE, _LEVEL_ATTACHMENT = 1, 2
_BODY, _MESSAGE_PROPERTIES, _CODEPAGE = 0x2800C, 0x69003, 0x69007
_NEW_FILE, _FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES = 0x69002, 0x18010, 0x6800F, 0x69005

_P_SUBJECT, _P_BODY, _P_BODY_HTML, _P_RTF = 0x0037, 0x1000, 0x1013, 0x1009
_P_NAME, _P_SHORT_NAME, _P_LONG_NAME, _P_DATA = 0x3001, 0x3704, 0x3707, 0x3701
_P_METHOD, _P_TYPE, _P_CONTENT_ID, _P_CPID = 0x3705, 0x370E, 0x3712, 0x3FDE
_EMBEDDED_LETTER = 5


class Damaged(Exception):
    """The bytes are not TNEF, or end too early."""


@dataclass(slots=True)
class TnefFile:
    """One file, which lies in the unpacked winmail.dat from `start` to `end`."""

    name: str = ""
    content_type: str = ""
    content_id: str = ""
    start: int = 0
    end: int = 0
    is_letter: bool = False


@dataclass(slots=True)
class TnefLetter:
    """What a winmail.dat holds."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)


def read_tnef(data: bytes) -> TnefLetter | None:
    """The letter in a winmail.dat; None when it is damaged. Never raises."""
    try:
        letter = TnefLetter()
        _read(data, 0, len(data), letter, 0)
    except Damaged:
        return None
    return letter


def _read(data: bytes, start: int, end: int, letter: TnefLetter, depth: int) -> None:
    codepage, has_properties = "", False
    files: list[TnefFile] = []
    for name, value, after in _attributes(data, start, end):
        if name == _NEW_FILE:
            if len(files) >= limits.TNEF_FILES:
                break
            files.append(TnefFile())
        elif name in (_FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES):
            if not files:
                raise Damaged
            _take_fact(files[-1], data, name, value, after, codepage)
        elif name == _CODEPAGE:
            codepage = f"cp{_number(data, value, after)}"
        elif name == _BODY and not depth:
            letter.text = letter.text or _string(data[value:after], codepage)
        elif name == _MESSAGE_PROPERTIES and not depth and not has_properties:
            has_properties = True
            _take_body(letter, _properties(data, value, after), codepage)
    _keep(data, files, letter, depth)


def _attributes(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(name, begin, end) of each attribute of the letter and its files."""
    if _number(data, start, end) != _SIGNATURE:
        raise Damaged
    at = start + 6
    while end - at >= 11:
        level, name, length = data[at], _number(data, at + 1, end), _number(data, at + 5, end)
        value, after = at + 9, at + 9 + length
        if after + 2 > end or level not in (_LEVEL_MESSAGE, _LEVEL_ATTACHMENT):
            raise Damaged
        if _checksum(data, value, after) != int.from_bytes(data[after : after + 2], "little"):
            raise Damaged
        yield name, value, after
        at = after + 2


def _keep(data: bytes, files: list[TnefFile], letter: TnefLetter, depth: int) -> None:
    """Add the files; those of a letter among them come instead of that letter when it can be opened."""
    for file in files:
        if len(letter.files) >= limits.TNEF_FILES:
            return
        if file.is_letter and depth < limits.TNEF_NESTING:
            inner = TnefLetter()
            try:
                _read(data, file.start, file.end, inner, depth + 1)
            except Damaged:
                inner.files = []
            if inner.files:
                letter.files.extend(inner.files[: limits.TNEF_FILES - len(letter.files)])
                continue
        letter.files.append(file)


def _take_body(letter: TnefLetter, properties: Properties, codepage: str) -> None:
    cpid = properties.number(_P_CPID)
    charset = f"cp{cpid}" if cpid and cpid != 65001 else "utf-8" if cpid else codepage
    letter.text = properties.text(_P_BODY, codepage) or letter.text
    letter.html = decode(properties.raw(_P_BODY_HTML), charset)[0] or properties.text(_P_BODY_HTML, codepage)
    if letter.html:
        return
    if (rtf := decompress(properties.raw(_P_RTF))) is not None:
        text, letter.html = read_rtf(rtf)
        letter.text = letter.text or text


def _take_fact(file: TnefFile, data: bytes, name: int, value: int, after: int, codepage: str) -> None:
    if name == _FILE_TITLE:
        file.name = file.name or _string(data[value:after], codepage)
    elif name == _FILE_DATA:
        file.start, file.end = value, after
    else:
        _take_file(file, _properties(data, value, after), codepage)


def _take_file(file: TnefFile, properties: Properties, codepage: str) -> None:
    names = (properties.text(each, codepage) for each in (_P_LONG_NAME, _P_NAME, _P_SHORT_NAME))
    file.name = next((each for each in names if each), file.name)
    file.content_type = properties.text(_P_TYPE, codepage)
    file.content_id = properties.text(_P_CONTENT_ID, codepage)
    if extent := properties.extent(_P_DATA):
        file.start, file.end = extent
        file.is_letter = properties.number(_P_METHOD) == _EMBEDDED_LETTER


def _properties(data: bytes, start: int, end: int) -> Properties:
    properties = read_properties(data, start, end)
    if properties is None:
        raise Damaged
    return properties


def _number(data: bytes, at: int, end: int) -> int:
    if at + 4 > end:
        raise Damaged
    return int.from_bytes(data[at : at + 4], "little")


def _checksum(data: bytes, start: int, end: int) -> int:
    return sum(memoryview(data)[start:end]) & 0xFFFF


def _string(data: bytes, codepage: str) -> str:
    return decode(data.split(b"\0", 1)[0], codepage)[0]
