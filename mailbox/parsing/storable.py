"""Text that PostgreSQL accepts and a page can show."""

import re
import unicodedata

# Everything below U+0020 but tab and line feed, DEL and the C1 block: nobody can see or store it.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def storable(text: str) -> str:
    """The text with "\\n" line ends and without NUL, other controls and lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", text)
    return _CONTROLS.sub("", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text))


def one_line(text: str, limit: int) -> str:
    """Storable text on one line, runs of white space made one space, at most `limit` characters."""
    return " ".join(storable(text).split())[:limit].rstrip()


def without_format_characters(text: str) -> str:
    """Drop invisible and direction-changing characters, which disguise file names and codes."""
    return text if text.isascii() else "".join(char for char in text if unicodedata.category(char) != "Cf")
