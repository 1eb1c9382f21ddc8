"""Letters that a measurement appends: believable, each with its own subject."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from django.utils import timezone

# Latin letters of a code as people type them in a Russian layout.
LOOKALIKES = str.maketrans("ABEKMHOPCTX", "АВЕКМНОРСТХ")


def opening(number: int, code: str, to: str, station: str = "") -> tuple[str, bytes]:
    """A KOI8-R letter about the pole `code`, written with Cyrillic look-alikes; returns its Message-ID and bytes."""
    return _letter(
        f"Отключение ЭП {number}: опора {code.translate(LOOKALIKES)}",
        f"Добрый день. На опоре {code.translate(LOOKALIKES)} нет питания, тел. 8 800 555-01-43, доб. {number}."
        + (f"\nНомер БС: {station}" if station else ""),
        to,
        answers="",
    )


def reply(number: int, code: str, to: str, answers: str) -> tuple[str, bytes]:
    """An answer in the same thread with another subject."""
    return _letter(f"Re: питание {number}", "Бригада выехала.", to, answers)


def _letter(subject: str, text: str, to: str, answers: str) -> tuple[str, bytes]:
    message = EmailMessage()
    message["From"] = "NOC <noc@operator-of-the-measurement.example>"
    message["To"], message["Subject"] = to, subject
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = make_msgid(domain="measurement.example")
    if answers:
        message["In-Reply-To"] = message["References"] = answers
    message.set_content(text, charset="koi8-r")
    return str(message["Message-ID"]), message.as_bytes()
