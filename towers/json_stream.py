"""The items of one large JSON array, one by one, while its bytes arrive.

Python's own parser reads each item. Streaming parsers in C were tried and left: one number of ten thousand digits
crashed the process, and a hundred kilobytes of opening brackets took all memory.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import NoReturn

BLOCK = 64 * 1024
# An error this near to the end of what has come may be cured by what is still to come.
_NEAR_THE_END = 16
_REST_OF_NUMBER = re.compile(r"\.|(\.\d+)?[eE][+-]?")
_BLANKS = re.compile(r"[ \t\r\n]*")


class NotAnArray(Exception):
    """The text is no JSON array of items that we can read."""


class BrokenOff(Exception):
    """The text ends before the array does."""


def items(read: Callable[[], bytes]) -> Iterator[object]:
    """The items of the array; `read` gives the next bytes, or none at the end. Control characters are let through."""
    text = _Text(read)
    if text.char() != "[":
        raise NotAnArray
    text.at += 1
    if text.char() == "]":
        text.at += 1
    else:
        yield text.item()
        while (char := text.char()) == ",":
            text.at += 1
            yield text.item()
        if char != "]":
            raise BrokenOff if not char or text.is_rest_of_number() else NotAnArray
        text.at += 1
    if text.char():
        raise NotAnArray


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class _Text:
    """What has come and is not yet read: `rest` from `at` on."""

    _parser = json.JSONDecoder(strict=False, parse_constant=_refuse)

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._ended = False
        self.rest = ""
        self.at = 0

    def char(self) -> str:
        """The next character that is not blank, or nothing at the end."""
        while True:
            self.at = self._after_blanks()
            if self.at < len(self.rest):
                return self.rest[self.at]
            if self._ended:
                return ""
            self._grow()

    def item(self) -> object:
        """The next item."""
        self.char()
        while True:
            try:
                item, end = self._parser.raw_decode(self.rest, self.at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated") or len(self.rest) - error.pos < _NEAR_THE_END
                if not unfinished:
                    raise NotAnArray from None
                if self._ended:
                    raise BrokenOff from None
            except (ValueError, RecursionError):  # a number of thousands of digits, NaN, a thousand brackets
                raise NotAnArray from None
            else:
                # A number that touches the end may go on.
                if end < len(self.rest) or self._ended:
                    self.at = end
                    return item
            self._grow()

    def is_rest_of_number(self) -> bool:
        """The text ended within a number, such as `1.` or `2e-`, of which the part before was read."""
        return self._ended and _REST_OF_NUMBER.fullmatch(self.rest, self.at) is not None

    def _after_blanks(self) -> int:
        blanks = _BLANKS.match(self.rest, self.at)
        return blanks.end() if blanks else self.at

    def _grow(self) -> None:
        """Read on until there is twice as much: an item is tried again only a few times, however slowly it comes."""
        pieces = [self.rest[self.at :]]
        self.at, length, wanted = 0, len(pieces[0]), max(BLOCK, 2 * len(pieces[0]))
        try:
            while length < wanted and not self._ended:
                block = self._read()
                self._ended = not block
                pieces.append(self._utf8.decode(block, final=self._ended))
                length += len(pieces[-1])
        except UnicodeDecodeError as error:
            raise (BrokenOff if self._ended else NotAnArray) from error
        self.rest = "".join(pieces)
