"""The tree of parts of a raw letter. Own code, for the standard library recurses and raises here.

Bodies stay where they are, in the bytes of the letter; a letter inside a letter (message/rfc822) is
a leaf that nobody opens by accident.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbox.parsing import limits
from mailbox.parsing.headers import Headers, split_headers
from mailbox.parsing.parameters import Value, parse_value
from mailbox.parsing.problems import Problems
from mailbox.parsing.smime import is_cms, signed_content
from mailbox.parsing.transfer import Encoded, encoded

_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_GUESSED_BOUNDARY = re.compile(rb"^--([^\s][^\r\n]{0,200}?)[ \t]*\r?\n(?=Content-)", re.I | re.M)
_BOUNDARY_REST = re.compile(rb"(--)?[ \t\r]*(?:\n|\Z)")
# Bytes in which a lost boundary is looked for.
_GUESSED_WITHIN = 256 * 1024
# Lines that begin like a boundary but are none; a letter with more of them plays with us.
_MAX_FALSE_BOUNDARIES = 50_000


@dataclass(slots=True)
class Part:
    """One node: its headers and either children or a body."""

    headers: Headers
    body: Encoded
    content_type: Value
    disposition: Value
    children: list["Part"] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.content_type.main

    @property
    def charset(self) -> str:
        return self.content_type.params.get("charset", "")

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in the order they stand in the letter."""
        yield self
        for child in self.children:
            yield from child.walk()


class Reader:
    """Reads one letter into a tree, counting parts and bytes searched over all of it."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._parts = 0
        self._searched = 0
        self._decoded = 0

    def read(
        self, raw: bytes, start: int = 0, end: int | None = None, *, default_type: str = "text/plain", depth: int = 0
    ) -> Part:
        stop = len(raw) if end is None else end
        headers, body_at = split_headers(raw, self._problems, start=start, end=stop, is_part=depth > 0)
        self._parts += 1
        part = Part(
            headers=headers,
            body=encoded(raw, body_at, stop, headers.text("content-transfer-encoding")),
            content_type=_content_type(headers, default_type),
            disposition=parse_value(headers.raw_text("content-disposition")),
        )
        if part.kind.startswith("multipart/"):
            self._open(part, depth)
        elif is_cms(part.kind, part.content_type.params.get("name", "")):
            self._unwrap(part, depth)
        return part

    def _unwrap(self, part: Part, depth: int) -> None:
        """Give an opaquely signed part the letter inside it as its child."""
        if depth >= limits.NESTING or not self._may_decode(part.body):
            self._problems.add("nesting-cut", str(limits.NESTING))
        elif (content := signed_content(part.body.content())) is not None:
            part.children.append(self.read(content, depth=depth + 1))

    def _may_decode(self, body: Encoded) -> bool:
        """Whether there is memory for one more part that has to be decoded to be opened."""
        self._decoded += body.end - body.start
        return self._decoded <= limits.DECODED_BYTES

    def _open(self, part: Part, depth: int) -> None:
        if depth >= limits.NESTING or self._searched > limits.SEARCHED_BYTES:
            self._problems.add("nesting-cut", str(limits.NESTING))
            part.content_type = Value("application/octet-stream", {})
            return
        body = part.body
        if body.encoding and self._may_decode(body):
            # Forbidden, but some programs encode the whole multipart.
            content = body.content()
            body = Encoded(content, 0, len(content))
        self._searched += body.end - body.start
        pieces = self._pieces(body, part.content_type.params.get("boundary", ""))
        if not pieces:
            self._problems.add("boundary-missing")
            part.content_type = Value("text/plain", {})
            return
        child_type = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        for start, end in pieces:
            if self._parts >= limits.PARTS:
                self._problems.add("parts-cut", str(limits.PARTS))
                break
            part.children.append(self.read(body.data, start, end, default_type=child_type, depth=depth + 1))

    def _pieces(self, body: Encoded, boundary: str) -> list[tuple[int, int]]:
        pieces = split_parts(body, boundary.encode("utf-8", "surrogateescape")) if boundary else []
        if pieces:
            return pieces
        guess = _GUESSED_BOUNDARY.search(body.data, body.start, min(body.end, body.start + _GUESSED_WITHIN))
        if guess is None:
            return []
        self._problems.add("boundary-missing")
        return split_parts(body, guess[1])


def split_parts(body: Encoded, boundary: bytes) -> list[tuple[int, int]]:
    """Where the parts between the boundary lines lie, the line end before a boundary not included."""
    pieces: list[tuple[int, int]] = []
    start = -1
    for line_start, line_end, closes in _boundary_lines(body, b"--" + boundary):
        if start >= 0:
            pieces.append((start, _without_last_line_end(body.data, start, line_start)))
        start = line_end
        if closes or len(pieces) > limits.PARTS:
            return pieces
    if start >= 0 and not body.data[start : start + 1000].isspace() and start < body.end:
        pieces.append((start, body.end))
    return pieces


def _boundary_lines(body: Encoded, marker: bytes) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it is the closing one) of each boundary line."""
    data, end = body.data, body.end
    at = body.start if data.startswith(marker, body.start, end) else _next_line(data, marker, body.start, end)
    for _ in range(_MAX_FALSE_BOUNDARIES):
        if at < 0:
            return
        rest = _BOUNDARY_REST.match(data, at + len(marker), end)
        if rest is not None:
            yield at, rest.end(), rest[1] is not None
            at = max(at + 1, rest.end() - 1)
        else:
            at += len(marker)
        at = _next_line(data, marker, at, end)


def _next_line(data: bytes, marker: bytes, at: int, end: int) -> int:
    """Where the next line begins that begins so; -1 for none."""
    found = data.find(b"\n" + marker, at, end)
    return found + 1 if found >= 0 else -1


def _without_last_line_end(data: bytes, start: int, end: int) -> int:
    """The end of a part without the line end that belongs to the boundary behind it."""
    if end > start and data[end - 1] == 0x0A:
        end -= 1
    if end > start and data[end - 1] == 0x0D:
        end -= 1
    return end


def _content_type(headers: Headers, default: str) -> Value:
    value = parse_value(headers.raw_text("content-type"))
    main = value.main.replace(" ", "")
    if _TYPE.fullmatch(main):
        return Value(main, value.params)
    if main in ("text", "html", "plain"):
        return Value("text/html" if main == "html" else "text/plain", value.params)
    if main == "multipart" or "boundary" in value.params:
        return Value("multipart/mixed", value.params)
    if main == "message":
        return Value("message/rfc822", value.params)
    return Value(default, value.params)
