"""Making letters of ours: final bytes with their own Message-ID, before anybody connects to a server.

    answer             a person of the desk answers a letter, or begins a conversation
    forward            … passes a letter on
    notice             a program of ours writes to people because somebody of the desk wants it
    automatic_answer   … answers a letter by itself

Every letter about an incident carries `Re: <code>: <subject>` and the desk in Cc; every letter its words as text and
in HTML, and what it answers below them. Without an account it is written for the one mailbox.outbox would choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from mailbox import accounts, answering, letter_bytes, letter_headers, letter_html, quoting
from mailbox.accounts import Account
from mailbox.letter_bytes import File
from mailbox.letter_headers import Person, WrongAddress, answer_subject, is_address
from mailbox.models import Email
from mailbox.quoting import Quotation

__all__ = ["Composed", "File", "Mail", "Person", "TooLarge", "WrongAddress", "answer_subject", "is_address"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a letter says, and to whom. Without `code` it is about no incident. Without HTML it is made of the text."""

    subject: str
    text: str
    now: datetime
    code: str = ""
    to: Sequence[Person] = ()
    copies: Sequence[Person] = ()
    html: str = ""
    files: Sequence[File] = ()
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around the words: who writes, which letter is answered, what is quoted, the marks of a program."""

    sender: Person
    answered: Email | None = None
    quotation: Quotation | None = None
    marks: Sequence[str] = ()


def answer(answered: Email | None, mail: Mail) -> Composed:
    """A letter that a person of the desk wrote: it answers a letter, or begins a conversation.

    What comes back comes to the desk. Raises WrongAddress for somebody in `to`, TooLarge.
    """
    sender = _sender(mail.account, answered)
    quotation = quoting.whole(answered) if answered else None
    return _composed(mail, _Around(sender, answered, quotation), envelope_from=sender.email)


def forward(original: Email, mail: Mail) -> Composed:
    """The words of a letter passed on to others, below the lines that say whence they are. Raises as `answer` does.

    It begins a conversation of its own, since those who get it know nothing of the other. The files of the original
    are in `files`, as far as they go along.
    """
    sender = _sender(mail.account, original)
    around = _Around(sender, quotation=quoting.passed_on(original))
    return _composed(mail, around, envelope_from=sender.email)


def notice(answered: Email | None, mail: Mail) -> Composed:
    """A letter that a program wrote and a person wants: programs must not answer it, but whoever cannot get it says so.

    In the conversation of the letter it answers, else in a new one. Raises as `answer` does.
    """
    sender = _sender(mail.account, answered)
    quotation = quoting.beginning(answered) if answered else None
    how = "auto-replied" if answered else "auto-generated"
    # Not "All": Exchange would keep it to itself that the letter cannot come.
    marks = _marks(how, sender, suppress="DR, RN, NRN, OOF, AutoReply")
    return _composed(mail, _Around(sender, answered, quotation, marks), envelope_from=sender.email)


def automatic_answer(answered: Email, mail: Mail) -> Composed:
    """An answer that nobody wrote. It asks no program to answer and has no return path, so nothing comes back.

    The desk is in Cc: answers to all keep the conversation together, and the copy proves that the letter left. It
    is the very letter by id and content, so it is known as ours, and its marks keep everybody from answering it.
    """
    sender, to = _sender(mail.account, answered), answering.answer_address(answered)
    name = answered.from_name if to == answered.from_email.lower() else ""
    marks = [*_marks("auto-replied", sender, suppress="All"), "Precedence: auto_reply"]
    around = _Around(sender, answered, quoting.beginning(answered), marks)
    return _composed(replace(mail, to=[Person(name, to)], copies=()), around, envelope_from="")


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


def _composed(mail: Mail, around: _Around, *, envelope_from: str) -> Composed:
    to, desk = _once(mail.to), Person("", around.sender.email)
    # Strangers write nonsense into Cc, and one of them must not keep the letter from the others.
    others = _once((each for each in mail.copies if is_address(each.email)), besides=[*to, desk])
    # What is about no incident has no conversation that the desk's copy would keep together.
    copies = [*others, *(_once([desk], besides=to) if mail.code else [])]
    html = letter_html.page(mail.html or letter_html.paragraphs(mail.text), around.quotation)
    raw = letter_bytes.letter(_headers(mail, around, to, copies), _text(mail, around), html, mail.files)
    if len(raw) > settings.LETTER_MAX_BYTES:
        raise TooLarge(len(raw))
    return Composed(raw, tuple(each.email.lower() for each in (*to, *copies)), envelope_from)


def _headers(mail: Mail, around: _Around, to: Sequence[Person], copies: Sequence[Person]) -> list[str]:
    people = [("From", [around.sender]), ("To", to), ("Cc", copies)]
    subject = answer_subject(mail.code, mail.subject) if mail.code else letter_headers.one_line(mail.subject)
    return [
        letter_headers.date_header(mail.now),
        *(letter_headers.people_header(name, some) for name, some in people if some),
        letter_headers.text_header("Subject", subject),
        f"Message-ID: {letter_headers.new_message_id(around.sender.email)}",
        *(letter_headers.thread_lines(around.answered) if around.answered else ()),
        *around.marks,
    ]


def _text(mail: Mail, around: _Around) -> str:
    below = f"\n\n{around.quotation.as_text()}" if around.quotation else ""
    return f"{mail.text.strip()}{below}\n"


def _once(people: Iterable[Person], besides: Iterable[Person] = ()) -> list[Person]:
    """Each address once, in this order."""
    known = {each.email.lower() for each in besides}
    found: dict[str, Person] = {}
    for each in people:
        if each.email.lower() not in known:
            found.setdefault(each.email.lower(), each)
    return list(found.values())
