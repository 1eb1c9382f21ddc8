"""Making letters of ours: final bytes with their own Message-ID, before anybody connects to a server.

    answer             a person of the desk answers a letter, or writes in a conversation without one
    new_letter         … begins a conversation
    forward            … passes a letter on
    notice             a program of ours writes to people because somebody of the desk wants it
    automatic_answer   … answers a letter by itself

Every letter carries `Re: <code>: <subject>`, the desk in Cc, words as text and in HTML, and what it answers below them.
Without an account it is written for the one that mailbox.outbox would choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from mailbox import accounts, answering, letter_bytes, letter_headers, letter_html, quoting
from mailbox.accounts import Account
from mailbox.letter_bytes import File
from mailbox.letter_headers import Person, WrongAddress, answer_subject, is_address
from mailbox.models import Email
from mailbox.quoting import Quotation

__all__ = ["Composed", "File", "Person", "TooLarge", "WrongAddress", "answer_subject", "is_address"]


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter ready to be queued. An empty `envelope_from` is the null return path."""

    raw: bytes
    recipients: tuple[str, ...]
    envelope_from: str = ""


class TooLarge(ValueError):
    """Servers refuse letters of this size."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size


@dataclass(frozen=True, slots=True)
class _Letter:
    """All that becomes bytes. Words in HTML are made from the text where there are none."""

    sender: Person
    to: Sequence[Person]
    copies: Sequence[Person]
    subject: str
    text: str
    html: str
    files: Sequence[File]
    now: datetime
    answered: Email | None = None
    quotation: Quotation | None = None
    marks: Sequence[str] = field(default_factory=list)


def answer(
    answered: Email | None,
    *,
    code: str,
    subject: str,
    text: str,
    to: Sequence[Person],
    copies: Sequence[Person],
    now: datetime,
    html: str = "",
    files: Sequence[File] = (),
    account: Account | None = None,
) -> Composed:
    """A letter that a person of the desk wrote, in the conversation of the letter it answers if it answers one.

    What comes back comes to the desk. Raises WrongAddress for somebody in `to`, TooLarge.
    """
    sender, quotation = _sender(account, answered), quoting.whole(answered) if answered else None
    subject = answer_subject(code, subject)
    letter = _Letter(sender, to, copies, subject, text, html, files, now, answered, quotation)
    return _composed(letter, envelope_from=sender.email)


def new_letter(
    *,
    code: str,
    subject: str,
    text: str,
    to: Sequence[Person],
    copies: Sequence[Person],
    now: datetime,
    html: str = "",
    files: Sequence[File] = (),
    account: Account | None = None,
) -> Composed:
    """The first letter of a conversation. Raises as `answer` does."""
    words = {"code": code, "subject": subject, "text": text, "html": html}
    return answer(None, **words, to=to, copies=copies, now=now, files=files, account=account)


def forward(
    original: Email,
    *,
    code: str,
    subject: str,
    text: str,
    to: Sequence[Person],
    copies: Sequence[Person],
    now: datetime,
    html: str = "",
    files: Sequence[File] = (),
    account: Account | None = None,
) -> Composed:
    """The words of a letter passed on to others, below the lines that say whence they are. Raises as `answer` does.

    It begins a conversation of its own, since those who get it know nothing of the other. The files of the original
    are in `files`, as far as they go along.
    """
    sender, quotation = _sender(account, original), quoting.passed_on(original)
    letter = _Letter(sender, to, copies, answer_subject(code, subject), text, html, files, now, quotation=quotation)
    return _composed(letter, envelope_from=sender.email)


def notice(
    answered: Email | None,
    *,
    code: str,
    subject: str,
    text: str,
    to: Sequence[Person],
    copies: Sequence[Person],
    now: datetime,
    html: str = "",
    files: Sequence[File] = (),
    account: Account | None = None,
) -> Composed:
    """A letter that a program wrote and a person wants: programs must not answer it, but whoever cannot get it says so.

    In the conversation of the letter it answers, else in a new one. Raises as `answer` does.
    """
    sender, quotation = _sender(account, answered), quoting.beginning(answered) if answered else None
    how = "auto-replied" if answered else "auto-generated"
    # Not "All": Exchange would keep it to itself that the letter cannot come.
    marks = _marks(how, sender, suppress="DR, RN, NRN, OOF, AutoReply")
    subject = answer_subject(code, subject)
    letter = _Letter(sender, to, copies, subject, text, html, files, now, answered, quotation, marks)
    return _composed(letter, envelope_from=sender.email)


def automatic_answer(
    answered: Email,
    *,
    code: str,
    subject: str,
    text: str,
    now: datetime,
    html: str = "",
    files: Sequence[File] = (),
    account: Account | None = None,
) -> Composed:
    """An answer that nobody wrote. It asks no program to answer and has no return path, so nothing comes back.

    The desk is in Cc: answers to all keep the conversation together, and the copy proves that the letter left. It
    is the very letter by id and content, so it is known as ours, and its marks keep everybody from answering it.
    """
    sender, to = _sender(account, answered), answering.answer_address(answered)
    name = answered.from_name if to == answered.from_email.lower() else ""
    marks = [*_marks("auto-replied", sender, suppress="All"), "Precedence: auto_reply"]
    quotation, subject = quoting.beginning(answered), answer_subject(code, subject)
    letter = _Letter(sender, [Person(name, to)], [], subject, text, html, files, now, answered, quotation, marks)
    return _composed(letter, envelope_from="")


def _sender(account: Account | None, answered: Email | None) -> Person:
    try:
        account = account or accounts.choose(answered)
    except accounts.SendingIsOff:
        # A letter may be looked at where none can leave.
        return Person(settings.EMAIL_FROM_NAME, settings.DEFAULT_FROM_EMAIL)
    return Person(account.name, account.address)


def _marks(how: str, sender: Person, *, suppress: str) -> list[str]:
    """What keeps other programs from answering (RFC 3834, and what Exchange and our own desks go by)."""
    return [
        f"Auto-Submitted: {how}",
        f"X-Auto-Response-Suppress: {suppress}",
        letter_headers.header("X-Dispatch-Loop", [sender.email]),
    ]


def _composed(letter: _Letter, *, envelope_from: str) -> Composed:
    to, desk = _once(letter.to), Person("", letter.sender.email)
    # Strangers write nonsense into Cc, and one of them must not keep the letter from the others.
    others = _once((each for each in letter.copies if is_address(each.email)), besides=[*to, desk])
    copies = [*others, *_once([desk], besides=to)]
    html = letter_html.page(letter.html or letter_html.paragraphs(letter.text), letter.quotation)
    raw = letter_bytes.letter(_headers(letter, to, copies), _text(letter), html, letter.files)
    if len(raw) > settings.LETTER_MAX_BYTES:
        raise TooLarge(len(raw))
    return Composed(raw, tuple(each.email.lower() for each in (*to, *copies)), envelope_from)


def _headers(letter: _Letter, to: Sequence[Person], copies: Sequence[Person]) -> list[str]:
    people = [("From", [letter.sender]), ("To", to), ("Cc", copies)]
    return [
        letter_headers.date_header(letter.now),
        *(letter_headers.people_header(name, some) for name, some in people if some),
        letter_headers.text_header("Subject", letter.subject),
        f"Message-ID: {letter_headers.new_message_id(letter.sender.email)}",
        *(letter_headers.thread_lines(letter.answered) if letter.answered else ()),
        *letter.marks,
    ]


def _text(letter: _Letter) -> str:
    below = f"\n\n{letter.quotation.as_text()}" if letter.quotation else ""
    return f"{letter.text.strip()}{below}\n"


def _once(people: Iterable[Person], besides: Iterable[Person] = ()) -> list[Person]:
    """Each address once, in this order."""
    known = {each.email.lower() for each in besides}
    found: dict[str, Person] = {}
    for each in people:
        if each.email.lower() not in known:
            found.setdefault(each.email.lower(), each)
    return list(found.values())
