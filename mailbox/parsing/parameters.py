"""Content-Type and Content-Disposition values with their parameters (RFC 2045, 2231, 2047)."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from mailbox.parsing.charset import decode
from mailbox.parsing.encoded_words import decode_words

_PARAMETER = re.compile(r"""\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)[^;]*""", re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")
_SPACES = re.compile(r"\s+")
_MAX_SECTIONS = 500


@dataclass(slots=True)
class Value:
    """The main word in lower case and the parameters, decoded; a repeated one keeps the first."""

    main: str
    params: dict[str, str] = field(default_factory=dict)


def parse_value(text: str) -> Value:
    """Parse tolerantly: missing quotes, spaces round "=", stray semicolons are all met in life."""
    main, _, rest = text.partition(";")
    main = main.split("(")[0].strip().strip('"').lower()
    if "=" in main and not rest:
        main, rest = "", text
    rest = _SPACES.sub(" ", rest)
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(rest):
        value = _unquoted(found[2])
        parts = _SECTION.fullmatch(found[1].lower())
        if parts is None or (parts[2] is None and parts[3] is None):
            plain.setdefault(found[1].lower(), value)
        else:
            numbered = sections.setdefault(parts[1], {})
            if len(numbered) < _MAX_SECTIONS:
                numbered.setdefault(int(parts[2] or 0), (value, parts[3] is not None))
    params = {name: decode_words(value) for name, value in plain.items()}
    # The extended form is the one meant; the plain one is there for old programs.
    params.update({name: _joined(numbered) for name, numbered in sections.items()})
    return Value(main, params)


def _unquoted(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        return _ESCAPE.sub(r"\1", value[1:].removesuffix('"'))
    return value.strip()


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 sections in order: `charset'language'text`, percent-encoded where marked."""
    charset, data, any_encoded = "", b"", False
    for index, (_number, (value, encoded)) in enumerate(sorted(numbered.items())):
        if encoded:
            any_encoded = True
            if index == 0 and value.count("'") >= 2:
                charset, _, value = value.split("'", 2)
            data += unquote_to_bytes(value)
        else:
            data += value.encode("utf-8", "surrogateescape")
    text = decode(data, charset if any_encoded else "")[0]
    # Some programs put an encoded word into the pieces.
    return decode_words(text)
