"""Bytes to text: the declared character set if it can be true, else a guess.

Only what a Russian desk receives is guessed; a wider choice makes short texts come out in Chinese.
"""

import codecs
import re
from functools import lru_cache

from mailbox.parsing.russian import likeliest

_ALIASES = {
    "ansi": "cp1252",
    "ascii": "ascii",
    "cp-1251": "cp1251",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "iso-2022-jp": "iso2022_jp_3",
    "koi-8r": "koi8-r",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "uft-8": "utf-8",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "unicode": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "us-ascii": "ascii",
    "win-1251": "cp1251",
    "win1251": "cp1251",
    "windows1251": "cp1251",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
}
# Codecs of text that no letter is written in: programs, host names, a codec that only raises.
_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"}
_WESTERN = {"ascii", "cp1252", "iso8859-15"}
_ASCII_LETTERS = bytes(range(65, 91)) + bytes(range(97, 123))
# Four such letters in a row are a Russian word in a Latin text, no Western one.
_UPPER_WORD = re.compile(rb"[\x80-\x9f\xa8\xb8\xc0-\xff]{4}")
_UPPER_LETTERS = bytes((0xA8, 0xB8, *range(0xC0, 0x100)))
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_ISO_2022 = re.compile(rb"\x1b[$(][@-KRS(]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@lru_cache(maxsize=256)
def codec_name(declared: str) -> str:
    """The Python codec for a declared character set, or "" when there is none for text."""
    name = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(name) or _ALIASES.get(name.replace("_", "-"), name)
    try:
        name = codecs.lookup(name).name
        # "hex", "rot13" and their like are codecs, too, but not of text: this raises LookupError.
        b"a".decode(name, "replace")
    except (LookupError, ValueError, TypeError):
        return ""
    return "" if name in _NO_CHARSETS else name


def decode(data: bytes, declared: str = "", hint: str = "") -> tuple[str, str]:
    """The text of `data` and, when its character set had to be guessed, the name of the guess.

    `hint` is a second opinion (the body's character set for a raw header), tried before guessing.
    """
    if not declared and data.isascii() and b"\x1b" not in data:
        return data.decode("ascii"), ""
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(codec, "replace"), ""
    codec = codec_name(declared) if declared else ""
    if codec and not _contradicts(data, codec):
        text = _try(data, codec)
        if text is not None:
            return text, ""
        text = data.decode(codec, "replace")
        if codec not in _WESTERN and text.count("\ufffd") * 50 <= len(text):
            return text, ""
    elif data.isascii() and not _ISO_2022.search(data):
        return data.decode("ascii"), ""
    return _guess(data, hint or codec)


def _try(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _contradicts(data: bytes, codec: str) -> bool:
    """Whether the bytes are plainly something else: UTF-8 or Russian under a Western label."""
    if data.isascii():
        return False
    if codec in _WESTERN:
        return _reads_cyrillic(data) or _try(data, "utf-8") is not None
    if codec.startswith(("cp12", "koi8", "iso8859")):
        return len(_MULTIBYTE.findall(data[:65536])) > 3 and _try(data, "utf-8") is not None
    return False


def _reads_cyrillic(data: bytes) -> bool:
    """Whether letters of the upper half outnumber the Latin ones, as in no Western language."""
    sample = data[:65536]
    upper = len(sample) - len(sample.translate(None, _UPPER_LETTERS))
    latin = len(sample) - len(sample.translate(None, _ASCII_LETTERS))
    return upper >= 5 and upper > latin


def _guess(data: bytes, hint: str) -> tuple[str, str]:
    if _ISO_2022.search(data) and (text := _try(data, "iso2022_jp_ext")) is not None:
        return text, "iso-2022-jp"
    if (text := _try(data, "utf-8")) is not None:
        return text, "" if data.isascii() else "utf-8"
    if data.count(b"\x00") * 3 > len(data):
        codec = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
        return data.decode(codec, "replace"), codec
    if (text := _nearly_utf8(data)) is not None:
        return text, "utf-8"
    if (name := _hinted(data, hint)) and (text := _try(data, name)) is not None:
        return text, name
    return _guess_single_byte(data)


def _hinted(data: bytes, hint: str) -> str:
    name = codec_name(hint) if hint else ""
    return "" if name == "ascii" or (name in _WESTERN and _reads_cyrillic(data)) else name


def _nearly_utf8(data: bytes) -> str | None:
    """The text when it is UTF-8 cut in the middle of a character, or with a few broken bytes."""
    whole = len(_MULTIBYTE.findall(data[:65536]))
    if whole <= 3:
        return None
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return text if broken * 20 <= len(text) or broken * 8 <= whole else None


def _guess_single_byte(data: bytes) -> tuple[str, str]:
    if not _reads_cyrillic(data) and _mostly_latin(data):
        return data.decode("cp1252", "replace"), "cp1252"
    name = likeliest(data)
    return data.decode(name, "replace"), name


def _mostly_latin(data: bytes) -> bool:
    """Whether letters of the upper half are rare among Latin ones, like accents and umlauts."""
    sample = data[:65536]
    upper = len(sample) - len(sample.translate(None, _UPPER_LETTERS))
    latin = len(sample) - len(sample.translate(None, _ASCII_LETTERS))
    return latin > 4 * upper and not _UPPER_WORD.search(sample)
