"""Headers of our letters: short lines of ASCII that hold exactly the values meant, whatever strangers wrote in them.

The standard library's own folding is not used: it encodes ids longer than a line, which breaks threads, and commas
between people, which loses them.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import quote

from django.utils import timezone

from mailbox.models import Email
from mailbox.parsing import strip_prefixes

# RFC 5322 wants the parent's References and its id; long conversations keep their root and the newest.
NEWEST_REFERENCES = 10
LONGEST_SUBJECT, LONGEST_NAME, LONGEST_FILE_NAME = 200, 100, 120
_LINE = 76
# Bytes of one encoded word: with its marks it fits into a line behind "From:".
_WORD_BYTES = 42
# As header lines may carry it, whole: an id with anything else in it names nothing elsewhere either.
_ID = re.compile(r"<[!-;=?-~]{3,500}>")
# Ids that we made up for letters that came without a usable one (mailbox.parsing.synthesized_id, inbox.short_id).
_MADE_UP = ("@missing.local>", "@long.local>")
# Others need quotes or servers that few have.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(?:\.[\w-]+)*", re.ASCII)
LONGEST_ADDRESS = 254
_PLAIN_NAME = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]+", re.ASCII)
_PLAIN_FILE_NAME = re.compile(r"[\w .()+,=@-]{1,50}", re.ASCII)
_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|]')
# Capitals that look alike, as people retype a code.
_LOOKALIKES = dict(zip("ABEKMHOPCTXY", "АВЕКМНОРСТХУ", strict=True))


class Person(NamedTuple):
    """Somebody a letter goes to; the name may be empty."""

    name: str
    email: str


class WrongAddress(ValueError):
    """No letter can be written to this address."""


def is_address(text: str) -> bool:
    """Whether letters can be written to it."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def one_line(text: str) -> str:
    """Words of strangers on their way into a header: no line ends, no control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def answer_subject(code: str, subject: str) -> str:
    """`Re: NT-100001: subject` with one prefix and one code, whatever stood before; codes of other desks stay."""
    codes = _codes_like(code.rpartition("-")[0])
    bare, before = one_line(subject), ""
    while bare != before:
        before, bare = bare, one_line(codes.sub(" ", strip_prefixes(bare)))
    if len(bare) > LONGEST_SUBJECT:
        bare = bare[: LONGEST_SUBJECT - 1].rstrip() + "…"
    return f"Re: {code}: {bare}".rstrip(" :")


def _codes_like(prefix: str) -> re.Pattern[str]:
    """Codes of this desk as people retype them: other letters that look alike, another dash, spaces, brackets."""
    letters = "".join(f"[{each}{_LOOKALIKES[each]}]" if each in _LOOKALIKES else re.escape(each) for each in prefix)
    # With the signature that our letters carry; "NT-9-P-1" is no code.
    number = r"\s?[-‐‑‒–—−]\s?\d{1,12}(?:-[0-9A-Z]{6})?(?![\w]|[-‐‑‒–—−]\w)"
    return re.compile(rf"(?:[\[(]\s*)?(?<![\w‐‑‒–—−-]){letters}{number}(?:\s*[\])])?\s*[:：]?", re.IGNORECASE)


def new_message_id(address: str) -> str:
    """An id nobody can guess, under the domain of this address."""
    return f"<{secrets.token_hex(16)}@{address.rpartition('@')[2]}>"


def references(answered: Email) -> list[str]:
    """The ids an answer refers to: the root of the conversation, its newest ones, and at last the letter answered."""
    ids = [*(answered.references or answered.in_reply_to), answered.message_id]
    real = list(dict.fromkeys(each for each in ids if _ID.fullmatch(each) and not each.endswith(_MADE_UP)))
    return real[:1] + real[1:][-NEWEST_REFERENCES:]


def thread_lines(answered: Email) -> Iterator[str]:
    """In-Reply-To and References, where there is an id to name."""
    ids = references(answered)
    if ids and ids[-1] == answered.message_id:
        yield header("In-Reply-To", ids[-1:])
    if ids:
        yield header("References", ids)


def header(name: str, words: Iterable[str]) -> str:
    """A header of words that are fit to be written, folded between them; no word is ever broken."""
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines)


def text_header(name: str, text: str) -> str:
    """A header of free text: plain words in front stay plain, the rest is encoded."""
    plain = one_line(text).split(" ")
    at = next((index for index, word in enumerate(plain) if not _is_plain(word)), len(plain))
    return header(name, [*plain[:at], *_encoded(" ".join(plain[at:]))])


def people_header(name: str, people: Sequence[Person]) -> str:
    """A list of people. Raises WrongAddress."""
    words: list[str] = []
    for person in people:
        words += [*_phrase(person.name), f"<{_required(person.email)}>,"]
    return header(name, [*words[:-1], words[-1].rstrip(",")])


def date_header(now: datetime) -> str:
    """The moment in the desk's own time."""
    return header("Date", [format_datetime(timezone.localtime(now))])


def file_headers(name: str, content_type: str) -> list[str]:
    """Type and name of a file, the name as RFC 2231 has it and, for old programs, as RFC 2047."""
    name = file_name(name)
    if _PLAIN_FILE_NAME.fullmatch(name):
        kinds, names = [f'name="{name}"'], [f'filename="{name}"']
    else:
        encoded = _encoded(name)
        encoded[0], encoded[-1] = f'name="{encoded[0]}', f'{encoded[-1]}"'
        kinds, names = encoded, _continued("filename", name)
    return [
        header("Content-Type", [f"{content_type};", *kinds]),
        header("Content-Disposition", ["attachment;", *names]),
    ]


def file_name(name: str) -> str:
    """A name that every system takes, with the end that tells its kind."""
    clean = _NOT_IN_FILE_NAMES.sub("_", one_line(name)).strip(". ") or "file"
    if len(clean) <= LONGEST_FILE_NAME:
        return clean
    stem, dot, kind = clean.rpartition(".")
    end = dot + kind if stem and len(kind) <= 10 else ""
    return clean[: LONGEST_FILE_NAME - len(end) - 1].rstrip() + "…" + end


def _is_plain(word: str) -> bool:
    # What looks like an encoded word would be decoded by whoever reads it.
    return word.isascii() and word.isprintable() and "=?" not in word


def _required(address: str) -> str:
    if not is_address(address):
        raise WrongAddress(one_line(address)[:LONGEST_ADDRESS])
    return address


def _phrase(name: str) -> list[str]:
    """A name in front of an address."""
    name = one_line(name)[:LONGEST_NAME].strip()
    if not _is_plain(name):
        return _encoded(name)
    if not name or _PLAIN_NAME.fullmatch(name):
        return name.split()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{escaped}"']


def _encoded(text: str) -> list[str]:
    """Encoded words (RFC 2047) of whole characters, in UTF-8."""
    return [f"=?utf-8?B?{b64encode(each).decode()}?=" for each in _pieces(text, _WORD_BYTES)]


def _continued(parameter: str, text: str) -> list[str]:
    """The parameter as RFC 2231 writes what is long or not ASCII."""
    pieces = [quote(each, safe="") for each in _pieces(text, 18)]
    if len(pieces) == 1:
        return [f"{parameter}*=utf-8''{pieces[0]}"]
    pieces[0] = f"utf-8''{pieces[0]}"
    values = [f"{parameter}*{n}*={each}" for n, each in enumerate(pieces)]
    return [*(f"{each};" for each in values[:-1]), values[-1]]


def _pieces(text: str, size: int) -> Iterator[bytes]:
    """The text in UTF-8, in pieces of whole characters."""
    piece = b""
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(piece) + len(more) > size:
            yield piece
            piece = b""
        piece += more
    if piece:
        yield piece
