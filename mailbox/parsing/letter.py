"""A raw letter in, a `ParsedEmail` out, whatever happens."""

import dataclasses
import logging

from mailbox.parsing import limits
from mailbox.parsing.addresses import parse_addresses
from mailbox.parsing.bodies import Body, BodyReader
from mailbox.parsing.charset import codec_name, decode
from mailbox.parsing.headers import Headers, split_headers
from mailbox.parsing.identifiers import capped, message_id, message_ids, parse_date
from mailbox.parsing.identity import is_forward
from mailbox.parsing.kinds import auto_submitted, judge
from mailbox.parsing.mime import Part, Reader
from mailbox.parsing.model import Address, ParsedEmail
from mailbox.parsing.problems import Problems
from mailbox.parsing.quotes import Split, split_text, without_marks
from mailbox.parsing.safe_html import SafeHtml, clean_html
from mailbox.parsing.security import security_of
from mailbox.parsing.storable import one_line
from mailbox.parsing.substitutes import is_substitute

_SAMPLE = 8192

logger = logging.getLogger(__name__)


def parse(raw: bytes) -> ParsedEmail:
    """Read a letter. Never raises; what could not be read is listed in `problems`."""
    problems = Problems()
    try:
        return _parse(raw, problems)
    except Exception as error:
        # One strange letter must not stop the mailbox: what its headers say is saved, a person
        # reads the original.
        logger.exception("a letter of %d bytes could not be parsed", len(raw))
        problems.add("unreadable", type(error).__name__)
    try:
        headers, _body_at = split_headers(raw[: limits.ALL_HEADERS_BYTES], problems)
        return _from_headers(headers, problems)
    except Exception:
        logger.exception("nor could its headers")
        return ParsedEmail(problems=problems.as_tuple())


def _parse(raw: bytes, problems: Problems) -> ParsedEmail:
    root = Reader(problems).read(raw)
    root.headers.hint = _body_charset(root)
    letter = _from_headers(root.headers, problems)
    body = BodyReader(problems, root.headers.hint).read(root)
    text = without_marks(body.marked_text)
    split = (
        Split("", text, "") if body.is_passed_on else split_text(body.marked_text, forward=is_forward(letter.subject))
    )
    security = security_of(root, text)
    if security == "encrypted":
        problems.add("encrypted")
    if is_substitute(letter.subject, letter.from_email, text):
        problems.add("substitute")
    verdict = judge(root, letter.subject, letter.from_email, split.reply, text)
    safe = _safe_html(body, problems)
    return dataclasses.replace(
        letter,
        text=text,
        html=body.html,
        safe_html=safe.html,
        has_remote_images=safe.has_remote_images,
        reply_text=split.reply,
        quoted_text=split.quoted,
        signature_text=split.signature,
        attachments=tuple(body.attachments),
        kind=verdict.kind,
        auto_reasons=verdict.auto_reasons,
        bounced_message_id=verdict.bounced_message_id,
        security=security,
        problems=problems.as_tuple(),
    )


def _from_headers(headers: Headers, problems: Problems) -> ParsedEmail:
    named = _addresses(headers, "from", problems)
    sender = _sender(headers, named, problems)
    if not any(address.email for address in named):
        problems.add("from-missing")
    references = message_ids(" ".join(headers.all_raw("references")))
    if len(references) > limits.REFERENCES:
        problems.add("references-cut", str(limits.REFERENCES))
    date_header = one_line(headers.text("date"), 200)
    letter = ParsedEmail(
        subject=one_line(headers.text("subject"), limits.SUBJECT_CHARS),
        from_email=sender.email,
        from_name=sender.name,
        to=_addresses(headers, "to", problems),
        cc=_addresses(headers, "cc", problems),
        reply_to=_addresses(headers, "reply-to", problems),
        date=parse_date(date_header),
        date_header=date_header,
        message_id=message_id(headers.raw_text("message-id")),
        in_reply_to=capped(message_ids(" ".join(headers.all_raw("in-reply-to")))),
        references=capped(references),
        list_id=one_line(headers.text("list-id"), limits.ID_LENGTH),
        auto_submitted=auto_submitted(headers),
        return_path=one_line(headers.text("return-path"), limits.EMAIL_CHARS),
        loop_mark=one_line(headers.text("x-dispatch-loop"), limits.ID_LENGTH),
        thread_index=one_line(headers.text("thread-index"), limits.ID_LENGTH),
    )
    _note_missing(letter, problems)
    return dataclasses.replace(letter, problems=problems.as_tuple())


def _note_missing(letter: ParsedEmail, problems: Problems) -> None:
    if letter.date is None:
        problems.add("date-unreadable", letter.date_header or "—")
    if not letter.message_id:
        problems.add("message-id-missing")


def _sender(headers: Headers, named: tuple[Address, ...], problems: Problems) -> Address:
    """Who wrote; when From names nobody who can be answered, who sent it or wants the answer."""
    for address in named:
        if address.email:
            return address
    name = next((address.name for address in named), "")
    for header in ("sender", "reply-to"):
        for address in _addresses(headers, header, problems):
            if address.email:
                return Address(address.email, name or address.name)
    return Address("", name)


def _addresses(headers: Headers, name: str, problems: Problems) -> tuple[Address, ...]:
    joined = ", ".join(headers.all_raw(name))
    if len(joined) > limits.ADDRESSES_CHARS:
        problems.add("header-cut", name)
        joined = joined[: limits.ADDRESSES_CHARS]
    return parse_addresses(joined, headers.hint, problems)


def _body_charset(root: Part) -> str:
    """A second opinion for text that declares none: what a part declares, else a guess from all."""
    for part in root.walk():
        codec = codec_name(part.charset) if part.charset else ""
        if codec not in ("", "ascii", "utf-8"):
            return codec
    values = (value for values in root.headers.fields.values() for value in values)
    raw = b"\n".join(value for value in values if not value.isascii())
    # A short subject alone is too little to tell KOI8-R from Windows-1251.
    return decode(raw + (root.body.head(_SAMPLE) if root.kind.startswith("text/") else b""))[1]


def _safe_html(body: Body, problems: Problems) -> SafeHtml:
    safe = clean_html(body.markup) if body.markup else SafeHtml("", False)
    if len(safe.html) > limits.SAFE_HTML_CHARS:
        problems.add("html-too-complex")
        return SafeHtml("", False)
    return safe
