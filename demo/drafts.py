"""A letter as its writer thinks of it, and the bytes his mail program makes of it."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import SMTP
from email.utils import format_datetime, formataddr

# KOI8-R has neither Russian quotation marks nor the numero sign.
_PLAINER = str.maketrans({"«": '"', "»": '"', "№": "N"})


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Draft:
    sender: tuple[str, str]  # name, address
    to: tuple[str, ...]
    subject: str
    text: str
    date: datetime
    html: str = ""
    cc: tuple[str, ...] = ()
    charset: str = "utf-8"
    encoding: str = "base64"  # base64, quoted-printable or 8bit
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    references: tuple[str, ...] = ()  # the last one is the letter answered
    headers: tuple[tuple[str, str], ...] = ()
    # What a careful reader finds in it, where the letter says enough; for tests and for the history.
    pole: str | None = field(default=None, compare=False)
    shape: str = field(default="", compare=False)


def new_message_id(rng: random.Random, address: str) -> str:
    return f"<{rng.getrandbits(96):024x}@{address.rpartition('@')[2]}>"


def render(draft: Draft) -> bytes:
    """The letter on the wire, with CRLF line ends."""
    letter = _body(draft)
    letter["From"] = formataddr((_word(draft.sender[0], draft), draft.sender[1]))
    letter["To"] = ", ".join(draft.to)
    if draft.cc:
        letter["Cc"] = ", ".join(draft.cc)
    letter["Subject"] = _word(draft.subject, draft)
    letter["Date"] = format_datetime(draft.date)
    if draft.message_id:
        letter["Message-ID"] = draft.message_id
    if draft.references:
        letter["In-Reply-To"] = draft.references[-1]
        letter["References"] = " ".join(draft.references)
    for name, value in draft.headers:
        letter[name] = value
    return letter.as_bytes(policy=SMTP.clone(max_line_length=None))


def _word(text: str, draft: Draft) -> str:
    """A header value as encoded words, unless it is plain ASCII."""
    if text.isascii():
        return text
    return Header(*fitted(text, draft.charset), maxlinelen=76).encode(linesep="\r\n")


def _body(draft: Draft) -> MIMEBase:
    body: MIMEBase = _text(draft.text, "plain", draft)
    if draft.html:
        both = MIMEMultipart("alternative", boundary=_boundary(draft, "alternative"))
        both.attach(body)
        both.attach(_text(draft.html, "html", draft))
        body = both
    if draft.attachments:
        whole = MIMEMultipart("mixed", boundary=_boundary(draft, "mixed"))
        whole.attach(body)
        for attachment in draft.attachments:
            whole.attach(_attached(attachment))
        body = whole
    return body


def _boundary(draft: Draft, kind: str) -> str:
    """Not the library's random one: the same draft must give the same bytes."""
    identity = f"{kind} {draft.sender} {draft.date} {draft.subject} {draft.message_id}"
    return f"=_{hashlib.sha256(identity.encode()).hexdigest()[:24]}"


def _text(text: str, subtype: str, draft: Draft) -> MIMENonMultipart:
    text, name = fitted(text, draft.charset)
    charset = Charset(name)
    charset.body_encoding = QP if draft.encoding == "quoted-printable" else BASE64
    part = MIMENonMultipart("text", subtype, charset=name)
    if draft.encoding == "8bit":
        part["Content-Transfer-Encoding"] = "8bit"
        # surrogateescape is how email carries raw 8-bit text to the wire
        part.set_payload(text.encode(name).decode("ascii", "surrogateescape"))
    else:
        part.set_payload(text.encode(name), charset)
    return part


def fitted(text: str, charset: str) -> tuple[str, str]:
    """The text as a mail program of this charset sends it; in UTF-8 where it does not fit at all."""
    for candidate in (text, text.translate(_PLAINER)):
        try:
            candidate.encode(charset)
        except UnicodeEncodeError:
            continue
        return candidate, charset
    return text, "utf-8"


def _attached(attachment: Attachment) -> MIMEBase:
    maintype, _, subtype = attachment.content_type.partition("/")
    part = MIMEBase(maintype, subtype)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", attachment.name))
    charset = Charset()
    charset.body_encoding = BASE64
    part.set_payload(attachment.content, charset)
    return part
