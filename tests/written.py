"""Letters written for tests: raw bytes of believable mail."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count

from tests.factories import NOW

DESK = "desk@towers.example"
_numbers = count(1)


def letter(
    subject: str = "Т2 Отсутствует ВЭС",
    text: str = "Просим проверить питание.",
    *,
    sender: str = "NOC <noc@operator.example>",
    to: str = DESK,
    cc: str = "",
    message_id: str | None = None,
    answers: str = "",
    references: str = "",
    charset: str = "utf-8",
    headers: dict[str, str] | None = None,
) -> bytes:
    """One letter; `answers` is the In-Reply-To, `message_id=""` leaves the id out."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(NOW)
    if cc:
        message["Cc"] = cc
    if message_id != "":
        message["Message-ID"] = message_id or f"<{next(_numbers)}@written.example>"
    if answers:
        message["In-Reply-To"] = answers
    if references or answers:
        message["References"] = references or answers
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text, charset=charset)
    return message.as_bytes()
