"""Rich text of Outlook: unpacked (MS-OXRTFCP) and turned back into the HTML (MS-OXRTFEX) or the plain text it was."""

import re
from dataclasses import dataclass, field, replace

from mailbox.parsing import limits
from mailbox.parsing.charset import codec_name

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)
_COMPRESSED, _UNCOMPRESSED = b"LZFu", b"MELA"
_WINDOW = 4096
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_NOT_TEXT = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr footnote themedata "
    b"colorschememapping datastore latentstyles listtable listoverridetable rsidtbl generator xmlnstbl".split()
)
_SYMBOLS = {
    b"par": "\n",
    b"line": "\n",
    b"row": "\n",
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "\N{EM DASH}",
    b"endash": "\N{EN DASH}",
    b"bullet": "\N{BULLET}",
    b"lquote": "\N{LEFT SINGLE QUOTATION MARK}",
    b"rquote": "\N{RIGHT SINGLE QUOTATION MARK}",
    b"ldblquote": "\N{LEFT DOUBLE QUOTATION MARK}",
    b"rdblquote": "\N{RIGHT DOUBLE QUOTATION MARK}",
}
_ESCAPED = {b"~": "\N{NO-BREAK SPACE}", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n"}
_FONT_CHARSETS = {
    0: "cp1252",
    128: "cp932",
    129: "cp949",
    134: "gb18030",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}


def decompress(data: bytes) -> bytes | None:
    """The RTF in a PR_RTF_COMPRESSED value, at most RTF_BYTES of it; None when it is none."""
    kind, size = data[8:12], int.from_bytes(data[4:8], "little")
    if len(data) < 16 or kind not in (_COMPRESSED, _UNCOMPRESSED):
        return None
    size = min(size, limits.RTF_BYTES)
    return data[16 : 16 + size] if kind == _UNCOMPRESSED else _unpacked(data, size)


def _unpacked(data: bytes, size: int) -> bytes:
    """The sliding window that both sides begin with stands in front of what is unpacked."""
    out = bytearray(_WINDOW - len(_DICTIONARY)) + _DICTIONARY
    at, end = 16, len(data)
    while at < end and len(out) - _WINDOW < size:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= end:
                break
            if not control >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            token = int.from_bytes(data[at : at + 2], "big")
            at += 2
            # Places in the window are counted from a start that the dictionary shifts.
            back = (len(out) + len(_DICTIONARY) - (token >> 4)) % _WINDOW
            if back == 0 or at > end:
                return bytes(out[_WINDOW : _WINDOW + size])
            for _ in range((token & 0x0F) + 2):
                out.append(out[-back])
    return bytes(out[_WINDOW : _WINDOW + size])


@dataclass(slots=True)
class _Group:
    """What holds inside one pair of braces."""

    codec: str = "cp1252"
    is_hidden: bool = False
    is_markup: bool = False
    is_font_table: bool = False
    in_rtf_only: bool = False
    fallback_length: int = 1


@dataclass(slots=True)
class _Reading:
    """The state of reading one document."""

    group: _Group = field(default_factory=_Group)
    outer: list[_Group] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    # Bytes of text whose character may go on in the next token.
    pending: bytearray = field(default_factory=bytearray)
    to_skip: int = 0
    is_html: bool = False
    is_optional: bool = False

    def flush(self) -> None:
        if self.pending:
            self.out.append(self.pending.decode(self.group.codec, "replace"))
            self.pending.clear()

    def write(self, text: str) -> None:
        self.flush()
        if not self.is_silent():
            self.out.append(text)

    def write_bytes(self, data: bytes) -> None:
        skipped = min(self.to_skip, len(data))
        self.to_skip -= skipped
        if not self.is_silent():
            self.pending += data[skipped:]

    def is_silent(self) -> bool:
        group = self.group
        return group.is_hidden or (self.is_html and group.in_rtf_only and not group.is_markup)


def read_rtf(rtf: bytes) -> tuple[str, str]:
    """(text, html): one of them is what the document was made from, the other is empty."""
    reading = _Reading()
    for token in _TOKEN.finditer(rtf[: limits.RTF_BYTES]):
        word, number, code, escaped, brace, text = token.groups()
        if word is not None:
            _word(reading, word, number)
        elif code is not None:
            reading.write_bytes(bytes((int(code, 16),)))
        elif brace is not None:
            _brace(reading, brace)
        elif text is not None:
            reading.write_bytes(text)
        elif escaped == b"*":
            reading.is_optional = True
            continue
        elif escaped is not None and escaped in _ESCAPED:
            reading.write(_ESCAPED[escaped])
        reading.is_optional = False
    reading.flush()
    joined = "".join(reading.out)
    return ("", joined) if reading.is_html else (joined.strip("\n"), "")


def _brace(reading: _Reading, brace: bytes) -> None:
    reading.flush()
    reading.to_skip = 0
    if brace == b"{":
        # Deeper than any program nests, and no reason to fill the memory.
        if len(reading.outer) < 1_000:
            reading.outer.append(reading.group)
            reading.group = replace(reading.group)
    elif reading.outer:
        reading.group = reading.outer.pop()


def _word(reading: _Reading, word: bytes, given: bytes | None) -> None:
    number = int(given) if given is not None else None
    group = reading.group
    if word == b"u" and number is not None:
        reading.write(chr(number % 0x10000))
        reading.to_skip = group.fallback_length
    elif word == b"uc":
        group.fallback_length = max(0, min(number or 0, 10))
    elif word == b"fromhtml":
        reading.is_html = True
    elif word == b"htmlrtf":
        reading.flush()
        group.in_rtf_only = number != 0
    elif word == b"htmltag" and reading.is_optional:
        group.is_markup = True
    elif word in _NOT_TEXT or reading.is_optional:
        group.is_hidden, group.is_font_table = True, word == b"fonttbl"
    elif word in (b"ansicpg", b"f", b"fcharset", b"plain"):
        _codec(reading, word, number or 0)
    elif word in _SYMBOLS:
        reading.write("\r\n" if reading.is_html and _SYMBOLS[word] == "\n" else _SYMBOLS[word])


def _codec(reading: _Reading, word: bytes, number: int) -> None:
    """Take note of the code page of the document, of a font, or of the font written in."""
    reading.flush()
    group = reading.group
    if word == b"ansicpg":
        group.codec = codec_name(f"cp{number}") or group.codec
        reading.fonts[-1] = group.codec
    elif word == b"f":
        reading.font = number
        if not group.is_font_table:
            group.codec = reading.fonts.get(number) or reading.fonts.get(-1, "cp1252")
    elif word == b"fcharset" and group.is_font_table and number in _FONT_CHARSETS:
        # Charset 0 is written for any font; the code page of the document is the better word.
        reading.fonts[reading.font] = _FONT_CHARSETS[number] if number else reading.fonts.get(-1, "cp1252")
    elif word == b"plain":
        group.codec = reading.fonts.get(-1, "cp1252")
