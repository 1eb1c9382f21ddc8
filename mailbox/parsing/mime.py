"""The tree of parts of a raw letter. Own code, for the standard library recurses and raises here.

Bodies stay bytes; a letter inside a letter (message/rfc822) is a leaf that nobody opens by accident.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbox.parsing import limits
from mailbox.parsing.headers import Headers, split_headers
from mailbox.parsing.parameters import Value, parse_value
from mailbox.parsing.problems import Problems
from mailbox.parsing.smime import signed_content
from mailbox.parsing.transfer import decode_transfer

_CMS = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_GUESSED_BOUNDARY = re.compile(rb"^--([^\s][^\r\n]{0,200}?)[ \t]*\r?\n(?=Content-)", re.I | re.M)


@dataclass(slots=True)
class Part:
    """One node: its headers and either children or a body."""

    headers: Headers
    raw_body: bytes
    content_type: Value
    disposition: Value
    children: list["Part"] = field(default_factory=list)
    damaged: bool = False

    @property
    def kind(self) -> str:
        return self.content_type.main

    @property
    def charset(self) -> str:
        return self.content_type.params.get("charset", "")

    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        return self._decoded()[0]

    def _decoded(self) -> tuple[bytes, bool]:
        return decode_transfer(self.raw_body, self.headers.text("content-transfer-encoding"))

    def is_intact(self) -> bool:
        return self._decoded()[1]

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in the order they stand in the letter."""
        yield self
        for child in self.children:
            yield from child.walk()


class Reader:
    """Reads one letter into a tree, counting parts over all of it."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._parts = 0

    def read(self, raw: bytes, *, default_type: str = "text/plain", depth: int = 0) -> Part:
        headers, body = split_headers(raw, self._problems, is_part=depth > 0)
        self._parts += 1
        part = Part(
            headers=headers,
            raw_body=body,
            content_type=_content_type(headers, default_type),
            disposition=parse_value(headers.raw_text("content-disposition")),
        )
        if part.kind.startswith("multipart/"):
            self._open(part, depth)
        elif part.kind in _CMS:
            self._unwrap(part, depth)
        return part

    def _unwrap(self, part: Part, depth: int) -> None:
        """Give an opaquely signed part the letter inside it as its child."""
        content = signed_content(part.content()) if depth < limits.NESTING else None
        if content is not None:
            part.children.append(self.read(content, depth=depth + 1))
        elif "enveloped-data" in part.content_type.params.get("smime-type", "enveloped-data").lower():
            self._problems.add("encrypted")

    def _open(self, part: Part, depth: int) -> None:
        if depth >= limits.NESTING:
            self._problems.add("nesting-cut", str(limits.NESTING))
            part.content_type = Value("application/octet-stream", {})
            return
        body = part.raw_body
        if part.headers.text("content-transfer-encoding").lower().startswith(("base64", "quoted")):
            # Forbidden, but some programs encode the whole multipart.
            body = part.content()
        pieces = self._pieces(body, part.content_type.params.get("boundary", ""))
        if not pieces:
            self._problems.add("boundary-missing")
            part.content_type = Value("text/plain", {})
            return
        child_type = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        for piece in pieces:
            if self._parts >= limits.PARTS:
                self._problems.add("parts-cut", str(limits.PARTS))
                break
            part.children.append(self.read(piece, default_type=child_type, depth=depth + 1))

    def _pieces(self, body: bytes, boundary: str) -> list[bytes]:
        pieces = split_parts(body, boundary.encode("utf-8", "surrogateescape")) if boundary else []
        if not pieces and (guess := _GUESSED_BOUNDARY.search(body)) is not None:
            self._problems.add("boundary-missing")
            pieces = split_parts(body, guess[1])
        return pieces


def split_parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundary lines, the line end before a boundary not included."""
    pieces: list[bytes] = []
    start = -1
    for line_start, line_end, closes in _boundary_lines(body, b"--" + boundary):
        if start >= 0:
            pieces.append(_without_last_line_end(body[start:line_start]))
        start = line_end
        if closes or len(pieces) > limits.PARTS:
            return pieces
    if start >= 0 and body[start:].strip():
        pieces.append(body[start:])
    return pieces


def _boundary_lines(body: bytes, marker: bytes) -> Iterator[tuple[int, int, bool]]:
    at = body.find(marker)
    while at >= 0:
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end + 1
        rest = body[at + len(marker) : end].strip()
        if (at == 0 or body[at - 1] in b"\r\n") and rest in (b"", b"--"):
            yield at, end, rest == b"--"
            at = body.find(marker, end)
        else:
            at = body.find(marker, at + len(marker))


def _without_last_line_end(piece: bytes) -> bytes:
    if piece.endswith(b"\r\n"):
        return piece[:-2]
    return piece[:-1] if piece.endswith((b"\n", b"\r")) else piece


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
