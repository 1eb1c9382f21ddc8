"""What the simulator remembers: nothing of its own. It reads the desk's mailbox, as the writers of letters do."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

from demo.drafts import Draft
from demo.letters import Letter
from demo.registry import Registry
from demo.shapes import DESK

CLOSED = " (Закрыто)"
_WORD = re.compile(r"[0-9A-Z][0-9A-Z-]{3,31}")
_AUTOMATIC = ("Auto-Submitted", "X-Auto-Response-Suppress")


def letters_of(raws: list[bytes], registry: Registry) -> list[Letter]:
    """Letters of people, oldest first, as far as an answer needs them; what has no sender is left out."""
    messages = [message_from_bytes(raw) for raw in raws]
    letters = [
        _letter(raw, message, registry)
        for raw, message in zip(raws, messages, strict=True)
        if not any(message[name] for name in _AUTOMATIC)
    ]
    return [letter for letter in letters if "@" in letter.draft.sender[1]]


def open_failures(letters: list[Letter]) -> list[Letter]:
    """Openings of T2 whose end T2 has not announced yet."""
    closed = {letter.draft.subject for letter in letters if letter.draft.subject.endswith(CLOSED)}
    return [
        letter
        for letter in letters
        if letter.draft.subject.startswith("Т2 ")
        and not letter.draft.subject.endswith(CLOSED)
        and letter.draft.subject + CLOSED not in closed
    ]


def _letter(raw: bytes, message: Message, registry: Registry) -> Letter:
    subject = _decoded(message["Subject"])
    text = _text(message)
    name, address = parseaddr(_decoded(message["From"]))
    site = _site(f"{subject} {text}", registry)
    draft = Draft(
        sender=(name, address),
        to=(DESK,),
        subject=subject,
        text=text,
        date=_date(message),
        message_id=str(message["Message-ID"] or "").strip(),
        references=tuple(str(message["References"] or "").split()),
    )
    region = registry.pole_by_code[site].region.code if site else ""
    return Letter(raw, draft, site, region)


def _decoded(value: object) -> str:
    """A header in one line of sound text. Somebody may have put any letter into the mailbox by hand."""
    try:
        plain = str(make_header(decode_header(str(value or ""))))
    except (LookupError, ValueError, MessageError):
        plain = str(value)
    return " ".join(plain.encode("utf-8", "replace").decode().split())


def _text(message: Message) -> str:
    """The first text of the letter; empty where it cannot be read."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            try:
                return content.decode(part.get_content_charset() or "ascii")
            except (LookupError, UnicodeDecodeError):
                return ""
    return ""


def _date(message: Message) -> datetime:
    try:
        return parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return datetime.now(UTC)


def _site(text: str, registry: Registry) -> str:
    """The first pole named plainly, by its code or by a station that stands on it alone; else empty."""
    for word in _WORD.findall(text):
        if word in registry.pole_by_code:
            return str(word)
        poles = registry.poles_of_station.get(word, set())
        if len(poles) == 1:
            return next(iter(poles))
    return ""
