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
# The end of a header: a line end that no blank follows.
_UNFOLDED_END = re.compile(rb"\n(?![ \t])")
_BLANK_LINE = re.compile(rb"\n\r*\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])|\r(?=[ \t])")
_MBOX_FROM = re.compile(rb">?From [^\r\n]*\r?\n")


@dataclass(slots=True)
class Headers:
    """Header fields by name in lower case; values unfolded but not decoded, in order."""

    fields: dict[str, list[bytes]] = field(default_factory=dict)
    # Character set of the body, a second opinion for raw 8-bit header values.
    hint: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def all_raw(self, name: str) -> list[str]:
        """Every value of the header, 8-bit text decoded, encoded words left as they are."""
        return [decode(value, "", self.hint)[0] for value in self.fields.get(name, ())]

    def raw_text(self, name: str) -> str:
        """The first value that is not blank, encoded words left as they are."""
        return next((value for value in self.all_raw(name) if value.strip()), "")

    def text(self, name: str) -> str:
        """The first value that is not blank, encoded words decoded."""
        return decode_words(self.raw_text(name), self.hint).strip()


def split_headers(
    raw: bytes, problems: Problems, *, start: int = 0, end: int | None = None, is_part: bool = False
) -> tuple[Headers, int]:
    """The headers of a letter or part in raw[start:end], and where its body begins.

    Lines that are no header are skipped; of too many headers only the first are kept.
    """
    stop = len(raw) if end is None else end
    at = start if is_part else _start(raw, start)
    headers, size, count, known = Headers(), 0, 0, 0
    while at < stop:
        line_stop = _line_end(raw, at, stop)
        line = raw[at : min(line_stop, at + limits.HEADER_BYTES)]
        if not line.strip(b"\r\n"):
            return headers, line_stop
        header_stop = _header_end(raw, line_stop, stop)
        count, size = count + 1, size + min(header_stop - at, limits.HEADER_BYTES)
        if count > limits.HEADER_COUNT or size > limits.ALL_HEADERS_BYTES:
            problems.add("headers-cut")
            return headers, _behind_blank_line(raw, at, stop)
        found = _HEADER.match(line)
        if found is None:
            if known < header_stop and (headers.fields or not is_part):
                known = _known_header(raw, header_stop, stop)
            if known < header_stop:
                return headers, at
            problems.add("header-malformed", decode(line.strip()[:80])[0])
        else:
            name = found[1].decode("ascii").lower()
            value = _value(raw, at + found.end(), header_stop, name, problems)
            headers.fields.setdefault(name, []).append(value)
        at = header_stop
    return headers, stop


def _start(raw: bytes, at: int) -> int:
    """Where the headers begin: behind a byte order mark, blank lines and mbox's "From " line."""
    at += 3 if raw.startswith(b"\xef\xbb\xbf", at) else 0
    while raw[at : at + 1] in (b"\r", b"\n"):
        at += 1
    while (mbox := _MBOX_FROM.match(raw, at)) is not None:
        at = mbox.end()
    return at


def _line_end(raw: bytes, at: int, stop: int) -> int:
    end = raw.find(b"\n", at, stop)
    return stop if end < 0 else end + 1


def _header_end(raw: bytes, line_stop: int, stop: int) -> int:
    """Where a header ends whose first line ends at a place: behind its continuation lines."""
    if line_stop >= stop or raw[line_stop] not in b" \t":
        return line_stop
    found = _UNFOLDED_END.search(raw, line_stop, stop)
    return found.end() if found else stop


def _behind_blank_line(raw: bytes, at: int, stop: int) -> int:
    found = _BLANK_LINE.search(raw, at, stop)
    return found.end() if found else stop


def _known_header(raw: bytes, at: int, stop: int) -> int:
    """Where a well-known header stands in the lines before the next blank one; -1 for none.

    Relays unfold long headers and put remarks in front of a letter: what looks like the body may be
    one stray line among the headers.
    """
    for _ in range(_STRAY_LINES):
        end = _line_end(raw, at, stop)
        if not raw[at : min(end, at + 100)].strip():
            return -1
        if _KNOWN_HEADER.match(raw, at, stop) is not None:
            return at
        at = end
    return -1


def _value(raw: bytes, start: int, end: int, name: str, problems: Problems) -> bytes:
    if end - start > limits.HEADER_BYTES:
        problems.add("header-cut", name)
        end = start + limits.HEADER_BYTES
    value = raw[start:end]
    return (_FOLD.sub(b"", value) if b"\n" in value or b"\r" in value else value).strip()
