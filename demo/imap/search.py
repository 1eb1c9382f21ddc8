"""SEARCH (RFC 3501, 6.4.4): a search program compiled into one predicate."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

from demo.imap.fetch import Answer
from demo.imap.wire import Atom, Bad, Token, number_set, parse_date, text

_FLAGS = {"ANSWERED": "\\Answered", "DELETED": "\\Deleted", "DRAFT": "\\Draft",
          "FLAGGED": "\\Flagged", "SEEN": "\\Seen"}  # fmt: skip
_HEADERS = {"BCC", "CC", "FROM", "SUBJECT", "TO"}
_SET = re.compile(r"[\d*][\d*:,]*$")


@dataclass(frozen=True)
class Candidate:
    """A letter with its place in the session's numbering."""

    number: int
    answer: Answer

    @property
    def flags(self) -> frozenset[str]:
        return self.answer.letter.flags


Test = Callable[[Candidate], bool]


def compile_search(arguments: list[Token], *, largest: int, largest_uid: int) -> Test:
    words = iter(arguments)
    if arguments and isinstance(arguments[0], Atom) and arguments[0].upper() == "CHARSET":
        next(words)
        if text(next(words, Atom(""))).upper() not in ("UTF-8", "US-ASCII"):
            raise Bad("[BADCHARSET (UTF-8)] charset not supported")
    return _Compiler(words, largest, largest_uid).all()


class _Compiler:
    def __init__(self, words: Iterator[Token], largest: int, largest_uid: int) -> None:
        self._words = words
        self._largest = largest
        self._largest_uid = largest_uid

    def all(self) -> Test:
        tests = [self._key(word) for word in self._words]
        if not tests:
            raise Bad("nothing to search for")
        return lambda candidate: all(test(candidate) for test in tests)

    def _next(self) -> Token:
        try:
            return next(self._words)
        except StopIteration as error:
            raise Bad("search key without its value") from error

    def _key(self, word: Token) -> Test:
        if isinstance(word, list):
            return _Compiler(iter(word), self._largest, self._largest_uid).all()
        key = text(word).upper()
        if _SET.match(key):
            return _within(key, self._largest, lambda c: c.number)
        if key == "UID":
            return _within(text(self._next()), self._largest_uid, lambda c: c.answer.letter.uid)
        if key == "NOT":
            inner = self._key(self._next())
            return lambda c: not inner(c)
        if key == "OR":
            left, right = self._key(self._next()), self._key(self._next())
            return lambda c: left(c) or right(c)
        return self._flag(key) or self._content(key)

    def _flag(self, key: str) -> Test | None:
        if key in ("ALL", "OLD"):  # no letter is ever \Recent here
            return lambda c: True
        if key in ("NEW", "RECENT"):
            return lambda c: False
        if key in _FLAGS:
            return lambda c: _FLAGS[key] in c.flags
        if key.startswith("UN") and key[2:] in _FLAGS:
            return lambda c: _FLAGS[key[2:]] not in c.flags
        if key in ("KEYWORD", "UNKEYWORD"):
            keyword, wanted = text(self._next()), key == "KEYWORD"
            return lambda c: (keyword in c.flags) == wanted
        return None

    def _content(self, key: str) -> Test:
        if key in ("LARGER", "SMALLER"):
            return self._size(key)
        if key in ("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"):
            return self._date(key)
        if key == "HEADER" or key in _HEADERS:
            name = text(self._next()) if key == "HEADER" else key
            wanted = text(self._next()).lower()
            return lambda c: any(wanted in value for value in _header_values(c, name))
        if key in ("BODY", "TEXT"):
            needle = text(self._next()).encode().lower()
            if key == "TEXT":
                return lambda c: needle in c.answer.raw.lower()
            return lambda c: needle in c.answer.parsed.body.lower()
        raise Bad(f"cannot search by {key}")

    def _size(self, key: str) -> Test:
        value = text(self._next())
        if not value.isdecimal():
            raise Bad(f"bad size {value!r}")
        limit = int(value)
        if key == "LARGER":
            return lambda c: c.answer.letter.size > limit
        return lambda c: c.answer.letter.size < limit

    def _date(self, key: str) -> Test:
        day = parse_date(text(self._next())).date()
        when = _sent if key.startswith("SENT") else _received
        if key.endswith("BEFORE"):
            return lambda c: when(c) < day
        if key.endswith("SINCE"):
            return lambda c: when(c) >= day
        return lambda c: when(c) == day


def _within(numbers: str, largest: int, of: Callable[[Candidate], int]) -> Test:
    ranges = number_set(numbers, largest)
    return lambda c: any(low <= of(c) <= high for low, high in ranges)


def _received(candidate: Candidate) -> date:
    return candidate.answer.letter.received.date()


def _sent(candidate: Candidate) -> date:
    try:
        return parsedate_to_datetime(str(candidate.answer.parsed.fields["Date"])).date()
    except ValueError:
        return datetime(1, 1, 1, tzinfo=UTC).date()


def _header_values(candidate: Candidate, name: str) -> list[str]:
    values = []
    for value in candidate.answer.parsed.fields.get_all(name, []):
        try:
            decoded = str(make_header(decode_header(value)))
        except (LookupError, ValueError):
            decoded = str(value)
        values.append(decoded.lower())
    return values
