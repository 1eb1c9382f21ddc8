"""When two deliveries are one letter, and the bare subject of a thread."""

import hashlib
import re

from mailbox.parsing.model import ParsedEmail

_SPACES = re.compile(r"\s+")
_PREFIX = re.compile(
    r"\s*(?:re|aw|sv|antw|odp|отв|ответ|на|ha|вн|(?P<forward>fwd?|wg|tr|пересл|пер))"
    r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*[:：]\s*",
    re.IGNORECASE,
)


def content_key(letter: ParsedEmail) -> str:
    """The same for every delivery of one letter, whatever relays added; else different.

    A Message-ID alone proves nothing: it may be missing, repeated or forged to pre-empt a letter.
    """
    facts = (
        letter.message_id,
        letter.from_email.lower(),
        letter.date_header,
        letter.subject,
        letter.text,
        *sorted(attachment.sha256 for attachment in letter.attachments),
    )
    joined = "\x00".join(_SPACES.sub(" ", fact).strip() for fact in facts)
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()


def synthesized_id(raw_sha256: str) -> str:
    """The Message-ID given to a letter that came without one."""
    return f"<{raw_sha256}@missing.local>"


def strip_prefixes(subject: str) -> str:
    """The subject without "Re:", "Fwd[2]:", "Отв:" and the like, however many stand in front."""
    at = 0
    while (prefix := _PREFIX.match(subject, at)) is not None:
        at = prefix.end()
    return subject[at:].strip()


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix says that the letter passes on another one."""
    prefix = _PREFIX.match(subject)
    return prefix is not None and prefix["forward"] is not None
