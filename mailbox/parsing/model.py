"""What a letter says, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailbox.parsing.problems import Problem


class Kind(StrEnum):
    """Who speaks. A monitoring alarm written by a machine is HUMAN: it wants work done."""

    HUMAN = "human"
    AUTOREPLY = "autoreply"
    BOUNCE = "bounce"
    FEEDBACK_REPORT = "feedback-report"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header; the name is empty when none was given."""

    email: str
    name: str = ""


class Source(Protocol):
    """Where the bytes of a file are to be had."""

    def content(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """A part that is not the body. `name` is safe to show and to offer for download.

    Its bytes are not kept: `content` decodes them from the letter each time it is asked.
    """

    name: str
    original_name: str
    content_type: str
    size: int
    sha256: str
    inline: bool
    content_id: str
    source: Source = field(repr=False, compare=False)

    @property
    def content(self) -> bytes:
        return self.source.content()


@dataclass(frozen=True, slots=True)
class ParsedEmail:
    """A letter as read. Ids keep their angle brackets; a missing text field is ""."""

    subject: str = ""
    from_email: str = ""
    from_name: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: datetime | None = None
    date_header: str = ""
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    # The whole letter as plain text: its text part, or its HTML converted.
    text: str = ""
    # The HTML body as sent. Never show it: show safe_html.
    html: str = ""
    safe_html: str = ""
    has_remote_images: bool = False
    # New words only. Falls back to the whole text when hardly a word would be left; empty when the letter is
    # nothing but another letter passed on as a file: its words are the quoted ones.
    reply_text: str = ""
    quoted_text: str = ""
    signature_text: str = ""
    attachments: tuple[ParsedAttachment, ...] = ()
    kind: Kind = Kind.HUMAN
    # Why no automatic letter may answer this one; empty when one may.
    auto_reasons: tuple[str, ...] = ()
    list_id: str = ""
    auto_submitted: str = ""
    return_path: str = ""
    # Value of X-Dispatch-Loop: set on letters that this system sent.
    loop_mark: str = ""
    # Outlook's Thread-Index, the only thread header some Exchange servers leave.
    thread_index: str = ""
    # Message-ID of our letter that came back, when this is a bounce.
    bounced_message_id: str = ""
    # "signed", "encrypted" or "": how the letter is protected. No signature is checked.
    security: str = ""
    problems: tuple[Problem, ...] = ()
