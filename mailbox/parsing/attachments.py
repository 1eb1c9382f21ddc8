"""Parts that are not the body: their names, made safe, and their bytes."""

import mimetypes
import re

from mailbox.parsing import limits
from mailbox.parsing.encoded_words import decode_words
from mailbox.parsing.headers import split_headers
from mailbox.parsing.mime import Part
from mailbox.parsing.model import ParsedAttachment, Source
from mailbox.parsing.problems import Problems
from mailbox.parsing.storable import one_line, storable, without_format_characters

_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/feedback-report": ".txt",
    "message/disposition-notification": ".txt",
    "text/rfc822-headers": ".txt",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/pgp-signature": ".asc",
    "application/ms-tnef": ".dat",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "text/html": ".html",
    "image/jpeg": ".jpg",
}


def file_name(part: Part) -> str:
    """The name the sender gave the part, decoded; "" when there is none."""
    for value, name in ((part.disposition, "filename"), (part.content_type, "name")):
        given = value.params.get(name) or value.params.get("filename", "")
        if given.strip():
            return storable(given).strip()
    return ""


def attachment(part: Part, *, inline: bool, number: int, problems: Problems) -> ParsedAttachment:
    """The part as an attachment. A letter inside the letter stays one file."""
    if not part.body.is_intact:
        problems.add("transfer-damaged", part.headers.text("content-transfer-encoding") or "?")
    return make_attachment(
        part.body,
        part.body.digest(),
        original_name=file_name(part),
        fallback=fallback_name(part, number),
        content_type=part.kind,
        inline=inline,
        content_id=content_id(part),
    )


def make_attachment(
    source: Source,
    digest: tuple[int, str],
    *,
    original_name: str,
    fallback: str,
    content_type: str,
    inline: bool = False,
    content_id: str = "",
) -> ParsedAttachment:
    size, sha256 = digest
    original_name = storable(original_name).strip()
    return ParsedAttachment(
        name=safe_name(original_name) or safe_name(fallback),
        original_name=original_name[: limits.NAME_CHARS * 4],
        content_type=one_line(content_type, limits.NAME_CHARS),
        size=size,
        sha256=sha256,
        inline=inline,
        content_id=content_id,
        source=source,
    )


def content_id(part: Part) -> str:
    """The Content-ID without brackets, as `cid:` links name it."""
    return one_line(part.headers.text("content-id"), limits.ID_LENGTH).strip("<> ")


def safe_name(name: str) -> str:
    """A name without folders, invisible or direction-changing characters, short enough to store."""
    shown = one_line(without_format_characters(name), 10_000)
    shown = re.split(r"[\\/]", shown)[-1] if not shown.endswith(("/", "\\")) else shown
    shown = _FORBIDDEN.sub("_", shown).strip(". ")
    if len(shown) > limits.NAME_CHARS:
        stem, dot, extension = shown.rpartition(".")
        keep = limits.NAME_CHARS - len(extension) - 1
        shown = stem[:keep] + dot + extension if dot and len(extension) <= 10 else shown
    return shown[: limits.NAME_CHARS]


def fallback_name(part: Part, number: int) -> str:
    """A telling name for a part without one: the subject of a letter, else its place and type."""
    extension = _EXTENSIONS.get(part.kind) or mimetypes.guess_extension(part.kind) or _default_extension(part.kind)
    if part.kind in ("message/rfc822", "message/global"):
        headers, _body_at = split_headers(part.body.head(limits.HEADER_BYTES), Problems())
        subject = one_line(decode_words(headers.raw_text("subject")), limits.NAME_CHARS)
        if subject:
            return f"{_FORBIDDEN.sub('_', subject)}{extension}"
    return f"part-{number}{extension}"


def _default_extension(kind: str) -> str:
    return ".txt" if kind.startswith("text/") else ".bin"
