"""Making letters of ours: final bytes with their own Message-ID, before anybody connects to a server.

Headers that prevent loops, threads that survive, a text and its twin in HTML that every mail program shows.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from mailbox import answering
from mailbox.models import Email
from mailbox.parsing import strip_prefixes

# RFC 5322 wants the parent's References and its id; long conversations keep their root and the newest.
NEWEST_REFERENCES = 10
QUOTED_LINES, QUOTED_CHARS = 12, 1000
LONGEST_SUBJECT, LONGEST_NAME = 200, 100
# As header lines may carry it, whole: an id with anything else in it names nothing elsewhere either.
_ID = re.compile(r"<[!-;=?-~]{3,500}>")
# Ids that we made up for letters that came without a usable one (mailbox.parsing.synthesized_id, inbox.short_id).
_MADE_UP = ("@missing.local>", "@long.local>")
_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.5"


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter ready to be queued. An empty `envelope_from` is the null return path."""

    raw: bytes
    recipients: tuple[str, ...]
    envelope_from: str = ""


class Person(NamedTuple):
    """Somebody a letter goes to; the name may be empty."""

    name: str
    email: str


def automatic_answer(answered: Email, *, code: str, subject: str, text: str, now: datetime) -> Composed:
    """An answer that nobody wrote. It asks no program to answer and has no return path, so nothing comes back.

    The desk is in Cc: answers to all keep the conversation together, and the copy proves that the letter left. It
    is the very letter by id and content, so it is known as ours, and its marks keep everybody from answering it.
    """
    to = answering.answer_address(answered)
    name = answered.from_name if to == answered.from_email.lower() else ""
    message = _begun([Person(name, to)], [], answer_subject(code, subject), now)
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message["Precedence"] = "auto_reply"
    message["X-Dispatch-Loop"] = settings.DEFAULT_FROM_EMAIL
    raw = _with_words(message, text, answered)
    return Composed(raw, (to, settings.DEFAULT_FROM_EMAIL.lower()))


def answer(
    answered: Email | None,
    *,
    code: str,
    subject: str,
    text: str,
    to: Sequence[Person],
    copies: Sequence[Person],
    now: datetime,
) -> Composed:
    """A letter that a person of the desk wrote, in the conversation of the letter it answers if it answers one.

    The desk is in Cc here too, and what comes back comes to the desk.
    """
    raw = _with_words(_begun(to, copies, answer_subject(code, subject), now), text, answered)
    desk = settings.DEFAULT_FROM_EMAIL.lower()
    recipients = dict.fromkeys([*(each.email.lower() for each in (*to, *copies)), desk])
    return Composed(raw, tuple(recipients), envelope_from=settings.DEFAULT_FROM_EMAIL)


def _begun(to: Sequence[Person], copies: Sequence[Person], subject: str, now: datetime) -> EmailMessage:
    """A letter of the desk with everything above its words."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.EMAIL_FROM_NAME, addr_spec=settings.DEFAULT_FROM_EMAIL)
    message["To"] = [_address(each) for each in to]
    message["Cc"] = [*(_address(each) for each in copies), Address(addr_spec=settings.DEFAULT_FROM_EMAIL)]
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = new_message_id()
    return message


def _address(person: Person) -> Address:
    return Address(one_line(person.name)[:LONGEST_NAME], addr_spec=person.email)


def _with_words(message: EmailMessage, text: str, answered: Email | None) -> bytes:
    """The bytes of the letter with its words, as text and in HTML, and what it answers below them."""
    quotation = quoted(answered) if answered else None
    below = f"\n\n{_marked(quotation)}" if quotation else ""
    # Base64: some relays still change letters of eight bits.
    message.set_content(f"{text.strip()}{below}\n", cte="base64")
    message.add_alternative(html_twin(text, quotation), subtype="html", cte="base64")
    return (_thread_headers(answered) if answered else b"") + message.as_bytes()


def answer_subject(code: str, subject: str) -> str:
    """`Re: NT-100001: subject` with one prefix and one code, whatever stood before the subject."""
    prefix = re.escape(code.rpartition("-")[0])
    # As people retype it: another dash, spaces, brackets; with the signature our letters carry.
    codes = re.compile(rf"[\[(]?(?<!\w){prefix}\s?[-‐‑‒–—−]\s?\d+(?:-[0-9A-Z]+)?\b[\])]?\s*[:：]?\s*", re.IGNORECASE)
    bare, before = one_line(subject), ""
    while bare != before:
        before, bare = bare, codes.sub("", strip_prefixes(bare)).strip()
    return f"Re: {code}: {bare[:LONGEST_SUBJECT]}".rstrip(" :")


def new_message_id() -> str:
    """An id nobody can guess, under the desk's own domain."""
    return f"<{secrets.token_hex(16)}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"


def references(answered: Email) -> list[str]:
    """The ids an answer refers to: the root of the conversation, its newest ones, and at last the letter answered."""
    ids = [*(answered.references or answered.in_reply_to), answered.message_id]
    real = list(dict.fromkeys(each for each in ids if _ID.fullmatch(each) and not each.endswith(_MADE_UP)))
    return real[:1] + real[1:][-NEWEST_REFERENCES:]


def quoted(answered: Email) -> tuple[str, str]:
    """Who wrote when, and the beginning of the new words."""
    at = timezone.localtime(answered.received_at)
    name = one_line(answered.from_name)[:LONGEST_NAME]
    writer = f"{name} <{one_line(answered.from_email)}>" if name else one_line(answered.from_email)
    lines = answered.reply_text.strip()[:QUOTED_CHARS].splitlines()[:QUOTED_LINES]
    shortened = len("\n".join(lines)) < len(answered.reply_text.strip())
    return f"{at:%d.%m.%Y %H:%M}, {writer} пишет:", "\n".join([*lines, "…"] if shortened else lines)


def html_twin(text: str, quotation: tuple[str, str] | None) -> str:
    """The same words for programs that show HTML: tables and inline styles, nothing to load, nothing to run."""
    paragraphs = [each for each in re.split(r"\n\s*\n", text.strip()) if each]
    words = "".join(f'<p style="margin:0 0 14px 0">{_lines(each)}</p>' for each in paragraphs)
    below = _quotation_twin(*quotation) if quotation else ""
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8"></head><body style="margin:0;padding:0">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px">'
        f'<tr><td style="padding:16px;{_FONT};color:#1f2937">{words}{below}</td></tr></table></body></html>\n'
    )


def _quotation_twin(who: str, quote: str) -> str:
    return (
        f'<p style="margin:18px 0 6px 0;color:#6b7280;font-size:13px">{escape(who)}</p>'
        f'<blockquote type="cite" style="margin:0;padding:0 0 0 12px;border-left:2px solid #d1d5db;color:#6b7280;'
        f'font-size:13px">{_lines(quote)}</blockquote>'
    )


def one_line(text: str) -> str:
    """Words of strangers on their way into a header: no line ends, no control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _marked(quotation: tuple[str, str]) -> str:
    who, quote = quotation
    return "\n".join([who, *(f"> {line}" for line in quote.splitlines())])


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _thread_headers(answered: Email) -> bytes:
    """In-Reply-To and References, folded by us: the library encodes ids longer than a line, which breaks threads."""
    ids: Sequence[str] = references(answered)
    if not ids:
        return b""
    folded = "\r\n ".join(ids)
    replied = f"In-Reply-To: {ids[-1]}\r\n" if ids[-1] == answered.message_id else ""
    return f"{replied}References: {folded}\r\n".encode("ascii")
