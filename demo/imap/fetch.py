"""FETCH (RFC 3501, 6.4.5): what is asked for, and the bytes that answer it."""

import re
from dataclasses import dataclass
from functools import cached_property

from demo.imap import mime
from demo.imap.folders import LiveFolder
from demo.imap.wire import Atom, Bad, Token, atom, format_date, listed, literal
from demo.mailstore import Letter

_MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_RFC822 = {"RFC822": "BODY[]", "RFC822.HEADER": "BODY.PEEK[HEADER]", "RFC822.TEXT": "BODY[TEXT]"}
_PLAIN = {"UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE"}
_BODY = re.compile(r"BODY(?P<peek>\.PEEK)?\[(?P<section>[^\]]*)\](?:<(?P<start>\d+)\.(?P<count>\d+)>)?$", re.I)
_SECTION = re.compile(
    r"(?P<part>\d+(?:\.\d+)*)?\.?"
    r"(?P<what>HEADER\.FIELDS(?P<not>\.NOT)? \((?P<names>[^)]*)\)|HEADER|TEXT|MIME|)$",
    re.I,
)


@dataclass(frozen=True)
class Item:
    """One thing to fetch: a plain attribute, or a section of the body."""

    name: str
    section: str | None = None
    peek: bool = True
    window: tuple[int, int] | None = None
    label: bytes = b""


def parse_items(token: Token) -> list[Item]:
    words = token if isinstance(token, list) else [token]
    if isinstance(token, Atom) and token.upper() in _MACROS:
        return [Item(name) for name in _MACROS[token.upper()]]
    return [_item(atom(word)) for word in words]


def _item(word: str) -> Item:
    if word.upper() in _PLAIN:
        return Item(word.upper())
    match = _BODY.match(_RFC822.get(word.upper(), word))
    if match is None or _SECTION.match(match["section"]) is None:
        raise Bad(f"cannot fetch {word}")
    window = (int(match["start"]), int(match["count"])) if match["start"] else None
    label = f"BODY[{match['section']}]" + (f"<{match['start']}>" if match["start"] else "")
    if word.upper() in _RFC822:
        label = word.upper()
    return Item("BODY[]", match["section"], bool(match["peek"]), window, label.encode("latin-1"))


class Answer:
    """Answers items for one letter, reading and parsing it only if an item needs that."""

    def __init__(self, folder: LiveFolder, letter: Letter) -> None:
        self._folder = folder
        self.letter = letter

    @cached_property
    def raw(self) -> bytes:
        return self._folder.raw(self.letter.uid) or b""

    @cached_property
    def parsed(self) -> mime.Part:
        return mime.parse(self.raw)

    def to(self, item: Item) -> bytes:
        if item.section is not None:
            return item.label + b" " + self._section(item.section, item.window)
        values = {
            "UID": lambda: b"%d" % self.letter.uid,
            "FLAGS": lambda: flag_list(self.letter.flags),
            "INTERNALDATE": lambda: format_date(self.letter.received),
            "RFC822.SIZE": lambda: b"%d" % self.letter.size,
            "ENVELOPE": lambda: mime.envelope(self.parsed.fields),
            "BODY": lambda: mime.structure(self.parsed, extended=False),
            "BODYSTRUCTURE": lambda: mime.structure(self.parsed, extended=True),
        }
        return item.name.encode() + b" " + values[item.name]()

    def _section(self, section: str, window: tuple[int, int] | None) -> bytes:
        data = self._bytes(section)
        if data is None:
            return b"NIL"
        if window is not None:
            data = data[window[0] : window[0] + window[1]]
        return literal(data)

    def _bytes(self, section: str) -> bytes | None:
        """The bytes of a section; None where the letter has no such part."""
        if not section:
            return self.raw
        match = _SECTION.match(section)
        if match is None:
            raise Bad(f"bad section {section}")
        numbers = [int(number) for number in (match["part"] or "").split(".") if number]
        what = match["what"].upper()
        if not numbers and what == "HEADER":  # needs no MIME parsing, and is asked most
            return mime.split_header(self.raw)[0]
        part = mime.find(self.parsed, numbers)
        if part is None:
            return None
        if what == "MIME":
            return part.header
        if what == "":
            return part.body
        if numbers:  # HEADER and TEXT of a part speak of the letter inside it
            if not part.is_message:
                return None
            part = part.children[0]
        if what in ("HEADER", "TEXT"):
            return part.header if what == "HEADER" else part.body
        names = {name.strip('"').upper() for name in match["names"].split()}
        return mime.header_fields(part.header, names, inverse=bool(match["not"]))


def flag_list(flags: frozenset[str]) -> bytes:
    return listed(flag.encode("latin-1") for flag in sorted(flags))
