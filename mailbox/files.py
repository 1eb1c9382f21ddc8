"""The bytes of a letter's files.

Intake stores letters only: a file is taken out of its letter when somebody first opens it, and then lies in
mailbox.store under its own SHA-256 like the letters do.
"""

from __future__ import annotations

import logging
from io import BytesIO
from typing import BinaryIO

from mailbox import store
from mailbox.models import Attachment
from mailbox.parsing import ParsedAttachment, parse

logger = logging.getLogger(__name__)


def content(attachment: Attachment) -> bytes:
    """All bytes of the file. Raises FileNotFoundError when neither it nor its letter is in the store."""
    with open_attachment(attachment) as file:
        return file.read()


def open_attachment(attachment: Attachment) -> BinaryIO:
    """The file, open for reading. Raises FileNotFoundError when neither it nor its letter is in the store."""
    try:
        return store.path(attachment.sha256).open("rb")
    except FileNotFoundError:
        found = _in_letter(attachment)
    try:
        return store.path(store.put(found.content)).open("rb")
    except OSError:
        # A full disk must not keep anybody from reading what is there.
        logger.exception("file %d of a letter cannot be stored", attachment.pk)
        return BytesIO(found.content)


def _in_letter(attachment: Attachment) -> ParsedAttachment:
    parsed = parse(store.read(attachment.email.sha256)).attachments
    same = [each for each in parsed if each.sha256 == attachment.sha256]
    # A later version may decode a damaged file better than the one that took the letter in: then its name tells it.
    same = same or [each for each in parsed if each.name[:255] == attachment.name]
    if not same:
        raise FileNotFoundError(f"the letter has no file {attachment.sha256}")
    return same[0]
