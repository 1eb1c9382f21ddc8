"""E-mail addresses and phones out of one hand-filled cell. Both are split by `;`, `,` or spaces."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MOST_CONTACTS = 20
_EMAIL_SPLIT = re.compile(r"[\s;,<>()\[\]\"'|]+")
_PHONE_SPLIT = re.compile(r"[;,\n\r\t|]+")
_EXTENSION = re.compile(r"(?:доб|вн|внутр|доп|ext|x|#)\.?\d*$", re.IGNORECASE)
_MOST_PHONE = 100


def emails_in(cell: str) -> tuple[str, ...]:
    """The addresses of a cell, each once; what is no address is left out."""
    found: dict[str, str] = {}
    for word in _EMAIL_SPLIT.split(cell):
        address = word.removeprefix("mailto:").strip(".:")
        if "@" in address and _is_address(address):
            found.setdefault(address.casefold(), address)
    return tuple(found.values())[:MOST_CONTACTS]


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def phones_in(cell: str) -> tuple[str, ...]:
    """The phones of a cell as they are written, each once, with the extension or the name that follows."""
    phones: list[str] = []
    for piece in _PHONE_SPLIT.split(cell):
        words = piece.split()
        if words and phones and _EXTENSION.match(words[0]):
            phones[-1] = f"{phones[-1]} {' '.join(words)}"
        else:
            phones += _phones_of_words(words)
    distinct = dict.fromkeys(phone[:_MOST_PHONE] for phone in phones)
    return tuple(distinct)[:MOST_CONTACTS]


def _phones_of_words(words: list[str]) -> list[str]:
    """Words joined to phones: a space stands inside a phone until its digits are complete."""
    phones: list[list[str]] = [[]]
    for word in words:
        current = phones[-1]
        starts = word[0] in "+(87" or (word[0].isdigit() and len(_digits(word)) >= 10)
        after_extension = bool(current) and _EXTENSION.match(current[-1]) is not None
        if starts and not after_extension and _is_complete(current):
            phones.append([word])
        else:
            current.append(word)
    return [" ".join(phone) for phone in phones if _digits("".join(phone))]


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _is_complete(words: list[str]) -> bool:
    digits = _digits("".join(words))
    return len(digits) >= (11 if digits[:1] in ("7", "8") else 10)
