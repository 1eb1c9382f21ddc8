"""A letter's parts as byte ranges, and the ENVELOPE and BODYSTRUCTURE made of them."""

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses

from demo.imap.wire import listed, quoted

DEPTH_LIMIT = 20
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


@dataclass
class Part:
    """One MIME part, byte for byte; `header` ends with the empty line."""

    header: bytes
    body: bytes
    fields: Message = field(repr=False)
    children: list["Part"] = field(default_factory=list)

    @property
    def content_type(self) -> str:
        return self.fields.get_content_type()

    @property
    def is_multipart(self) -> bool:
        return self.fields.get_content_maintype() == "multipart" and bool(self.children)

    @property
    def is_message(self) -> bool:
        return self.content_type == "message/rfc822" and len(self.children) == 1


def split_header(raw: bytes) -> tuple[bytes, bytes]:
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        end = raw.index(b"\n") + 1
    else:
        match = _END_OF_HEADER.search(raw)
        end = match.end() if match else len(raw)
    return raw[:end], raw[end:]


def parse(raw: bytes, *, default: str = "text/plain", depth: int = 0) -> Part:
    header, body = split_header(raw)
    fields = message_from_bytes(header)
    fields.set_default_type(default)
    part = Part(header, body, fields)
    if depth >= DEPTH_LIMIT:
        return part
    if part.content_type == "message/rfc822":
        part.children = [parse(body, depth=depth + 1)]
    elif fields.get_content_maintype() == "multipart" and (boundary := fields.get_boundary()):
        inner = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        chunks = _split(body, boundary.encode("latin-1", "replace"))
        part.children = [parse(chunk, default=inner, depth=depth + 1) for chunk in chunks]
    return part


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    # The line break before a delimiter belongs to the delimiter (RFC 2046, 5.1.1).
    delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|$)")
    chunks, start, position = [], None, 0
    while match := delimiter.search(body, position):
        if start is not None:
            chunks.append(body[start : max(start, match.start())])
        start = None if match[1] else match.end()
        if match[1]:
            break
        # An empty part lets one line break serve two delimiters.
        position = max(match.end() - 2, match.start() + 1)
    if start is not None:
        chunks.append(body[start:])
    return chunks


def find(letter: Part, numbers: list[int]) -> Part | None:
    """Part 1.2 of a letter, or None. A part that is no multipart has itself as part 1."""
    here = letter
    for depth, number in enumerate(numbers):
        if depth and here.is_message:
            here = here.children[0]
        elif depth and not here.is_multipart:
            return None
        if here.is_multipart:
            if not 1 <= number <= len(here.children):
                return None
            here = here.children[number - 1]
        elif number != 1:
            return None
    return here


def header_fields(header: bytes, names: set[str], *, inverse: bool) -> bytes:
    """Only these header fields (or all but these), folded lines included, and the empty line."""
    kept, keep = [], False
    for line in header.splitlines(keepends=True):
        if line.strip(b"\r\n") == b"":
            break
        if line[:1] not in b" \t":
            name = line.split(b":", 1)[0].strip().decode("latin-1").upper()
            keep = (name in names) != inverse
        if keep:
            kept.append(line)
    return b"".join(kept) + b"\r\n"


# --- ENVELOPE (RFC 3501, 7.4.2)


def envelope(fields: Message) -> bytes:
    sender = _addresses(fields, "From")
    items = [_field(fields, "Date"), _field(fields, "Subject"), sender]
    items += [_addresses(fields, name) or sender for name in ("Sender", "Reply-To")]
    items += [_addresses(fields, name) for name in ("To", "Cc", "Bcc")]
    items += [_field(fields, "In-Reply-To"), _field(fields, "Message-ID")]
    return listed(item or b"NIL" for item in items)


def _value(fields: Message, name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    # Header objects stand for raw 8-bit bytes; folding is no part of the value.
    return re.sub(r"\r?\n(?=[ \t])", "", str(value)).strip()


def _field(fields: Message, name: str) -> bytes:
    return quoted(_value(fields, name))


def _addresses(fields: Message, name: str) -> bytes:
    value = _value(fields, name)
    if not value:
        return b""
    found = []
    for display, address in getaddresses([value]):
        mailbox, _, host = address.rpartition("@")
        if address:
            pair = (quoted(mailbox or host), quoted(host if mailbox else ""))
            found.append(listed((quoted(display or None), b"NIL", *pair)))
    return b"(%s)" % b"".join(found) if found else b""


# --- BODYSTRUCTURE (RFC 3501, 7.4.2)


def structure(part: Part, *, extended: bool) -> bytes:
    kind = part.fields.get_content_maintype().upper()
    subtype = quoted(part.fields.get_content_subtype().upper())
    tail: list[bytes] = []
    if part.is_multipart:
        if extended:
            tail = [_parameters(part.fields, "Content-Type"), _disposition(part), b"NIL", b"NIL"]
        inner = b"".join(structure(child, extended=extended) for child in part.children)
        return listed((inner, subtype, *tail))
    encoding = _value(part.fields, "Content-Transfer-Encoding") or "7BIT"
    items = [quoted(kind), subtype, _parameters(part.fields, "Content-Type")]
    items += [_field(part.fields, "Content-ID"), _field(part.fields, "Content-Description")]
    items += [quoted(encoding.upper()), b"%d" % len(part.body)]
    lines = b"%d" % part.body.count(b"\n")
    if part.is_message:
        inside = part.children[0]
        items += [envelope(inside.fields), structure(inside, extended=extended), lines]
    elif kind == "TEXT":
        items.append(lines)
    if extended:
        items += [b"NIL", _disposition(part), b"NIL", b"NIL"]
    return listed(items)


def _parameters(fields: Message, name: str) -> bytes:
    pairs = []
    for key, value in (fields.get_params(header=name, unquote=True) or [])[1:]:
        plain = value if isinstance(value, str) else value[2]
        pairs += [quoted(key.upper()), quoted(plain)]
    return listed(pairs) if pairs else b"NIL"


def _disposition(part: Part) -> bytes:
    kind = part.fields.get_content_disposition()
    if kind is None:
        return b"NIL"
    return listed((quoted(kind.upper()), _parameters(part.fields, "Content-Disposition")))
