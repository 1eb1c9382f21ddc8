"""Message-IDs and dates out of headers that obey no grammar."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from mailbox.parsing import limits
from mailbox.parsing.storable import one_line

_BRACKETED = re.compile(r"<([^<>\s]{1,998})>")
_BARE = re.compile(r"[^\s<>,;\"'()]{1,500}@[^\s<>,;\"'()]{1,490}")
_COMMENT = re.compile(r"\([^()]*\)")
# "0001" is how some programs write that there is no date; the library reads it as 2001.
_YEAR_ONE = re.compile(r"\s0\d{3}\s")
_EARLIEST_YEAR, _LATEST_YEAR = 1980, 2100


def message_ids(text: str) -> tuple[str, ...]:
    """Every id in a header, in angle brackets, in order, each once.

    Brackets may be missing; dates, names and other prose that programs put there are not ids.
    """
    text = one_line(text, limits.HEADER_BYTES)
    # A folded id is one id: the fold stands inside the brackets.
    found = _BRACKETED.findall(text) or _BRACKETED.findall(text.replace(" ", ""))
    found = found or _BARE.findall(text)
    return tuple(dict.fromkeys(f"<{value}>" for value in found))


def message_id(text: str) -> str:
    """The id of a letter; any single word is taken as one, for replies will name it so."""
    ids = message_ids(text)
    if ids:
        return ids[0]
    word = one_line(text, limits.ID_LENGTH).strip("<> ")
    return f"<{word}>" if word and " " not in word else ""


def capped(ids: tuple[str, ...]) -> tuple[str, ...]:
    """At most REFERENCES ids: the root of the thread and the newest ones."""
    if len(ids) <= limits.REFERENCES:
        return ids
    return (ids[0], *ids[-(limits.REFERENCES - 1) :])


def parse_date(text: str) -> datetime | None:
    """The moment a Date header names; UTC when it names no zone; None when it names no moment."""
    try:
        text = _COMMENT.sub(" ", one_line(text, 200))
        parts = None if _YEAR_ONE.search(text) else parsedate_tz(text)
        if parts is None or not _EARLIEST_YEAR <= parts[0] <= _LATEST_YEAR:
            return None
        offset = parts[9] or 0
        zone = timezone(timedelta(seconds=offset)) if abs(offset) < 86_400 else UTC
        # A leap second is a moment, too.
        return datetime(*parts[:5], min(parts[5], 59), tzinfo=zone)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
