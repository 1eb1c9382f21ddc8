"""The header block of a letter or part: split tolerantly, kept as bytes, decoded on demand."""

import re
from dataclasses import dataclass, field

from mailbox.parsing import limits
from mailbox.parsing.charset import decode
from mailbox.parsing.encoded_words import decode_words
from mailbox.parsing.problems import Problems

_HEADER = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_KNOWN_HEADER = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|received|return-path|reply-to|delivered-to|"
    rb"content-(?:type|transfer-encoding|disposition)|dkim-signature|x-mailer|references|in-reply-to)[ \t]*:",
    re.IGNORECASE,
)
_STRAY_LINES = 60
_FOLD = re.compile(rb"\r?\n(?=[ \t])|\r(?=[ \t])")
_MBOX_FROM = re.compile(rb">?From [^\r\n]*\r?\n")


@dataclass(slots=True)
class Headers:
    """Header fields in order; names in lower case, values unfolded but not decoded."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    # Character set of the body, a second opinion for raw 8-bit header values.
    hint: str = ""

    def __contains__(self, name: str) -> bool:
        return any(field_name == name for field_name, _ in self.fields)

    def all_raw(self, name: str) -> list[str]:
        """Every value of the header, 8-bit text decoded, encoded words left as they are."""
        return [decode(value, "", self.hint)[0] for field_name, value in self.fields if field_name == name]

    def raw_text(self, name: str) -> str:
        """The first value that is not blank, encoded words left as they are."""
        return next((value for value in self.all_raw(name) if value.strip()), "")

    def text(self, name: str) -> str:
        """The first value that is not blank, encoded words decoded."""
        return decode_words(self.raw_text(name), self.hint).strip()


def split_headers(raw: bytes, problems: Problems, *, is_part: bool = False) -> tuple[Headers, bytes]:
    """The headers and the body of a letter or part; lines that are no header are skipped."""
    at = 0 if is_part else _start(raw)
    headers, size, known = Headers(), 0, 0
    while at < len(raw):
        end = _line_end(raw, at)
        line = raw[at:end]
        if not line.strip(b"\r\n"):
            return headers, raw[end:]
        while end < len(raw) and raw[end] in b" \t":
            end = _line_end(raw, end)
        found = _HEADER.match(line)
        if found is None:
            if known < end and (headers.fields or not is_part):
                known = _known_header(raw, end)
            if known < end:
                return headers, raw[at:]
            problems.add("header-malformed", decode(line.strip()[:80])[0])
        else:
            name = found[1].decode("ascii").lower()
            size += end - at
            if size > limits.ALL_HEADERS_BYTES or len(headers.fields) >= limits.HEADER_COUNT:
                problems.add("headers-cut")
            else:
                headers.fields.append((name, _value(raw, at + found.end(), end, name, problems)))
        at = end
    return headers, b""


def _start(raw: bytes) -> int:
    """Where the headers begin: behind a byte order mark, blank lines and mbox's "From " line."""
    at = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while raw[at : at + 1] in (b"\r", b"\n"):
        at += 1
    while (mbox := _MBOX_FROM.match(raw, at)) is not None:
        at = mbox.end()
    return at


def _line_end(raw: bytes, at: int) -> int:
    end = raw.find(b"\n", at)
    return len(raw) if end < 0 else end + 1


def _known_header(raw: bytes, at: int) -> int:
    """Where a well-known header stands in the lines before the next blank one; -1 for none.

    Relays unfold long headers and put remarks in front of a letter: what looks like the body may be
    one stray line among the headers.
    """
    for _ in range(_STRAY_LINES):
        end = _line_end(raw, at)
        if not raw[at:end].strip():
            return -1
        if _KNOWN_HEADER.match(raw, at) is not None:
            return at
        at = end
    return -1


def _value(raw: bytes, start: int, end: int, name: str, problems: Problems) -> bytes:
    if end - start > limits.HEADER_BYTES:
        problems.add("header-cut", name)
        end = start + limits.HEADER_BYTES
    return _FOLD.sub(b"", raw[start:end]).strip()
