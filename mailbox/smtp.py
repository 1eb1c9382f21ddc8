"""One conversation with the desk's SMTP server: a letter in, what became of each recipient out.

The one moment that matters is the dot that ends the letter. Before it nothing has been accepted, whatever broke;
after it only the server's answer tells, and where that is missing nobody knows.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

BROKEN = (OSError, smtplib.SMTPException)
# A conversation that has not come to the letter by now is given up; see mailbox.outbox.LEASE.
PATIENCE_SECONDS = 300
# Servers scan a letter before they answer for it.
VERDICT_SECONDS = 120
_LONGEST_ANSWER = 500


class Result(StrEnum):
    """What became of one recipient."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    # The letter left and no answer came: it may be delivered.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's word about one recipient."""

    result: Result
    said: str


class Unreachable(Exception):
    """The server is down, is not who it should be, or does not let us in: no letter's fault."""

    def __init__(self, error: Exception) -> None:
        super().__init__(_words(error))
        # Servers lock accounts that insist.
        self.is_locked_out = isinstance(error, smtplib.SMTPAuthenticationError)


class _Refused(Exception):
    """The sender, or the letter before its first byte, was turned down."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.said)
        self.answer = answer


def deliver(sender: str, recipients: Sequence[str], raw: bytes) -> dict[str, Answer]:
    """Hand the letter to the server that the settings name. Raises Unreachable before it could begin.

    `raw` ends its lines with CRLF; an empty sender is the null return path.
    """
    try:
        server = _connect()
    except BROKEN as error:
        raise Unreachable(error) from error
    try:
        return _converse(server, sender, recipients, raw)
    finally:
        _leave(server)


def _connect() -> smtplib.SMTP:
    """Say hello and sign in, by TLS unless it is switched off; a certificate that cannot be checked is refused."""
    place = (settings.EMAIL_HOST, settings.EMAIL_PORT, settings.DEFAULT_FROM_EMAIL.rpartition("@")[2])
    server: smtplib.SMTP
    if settings.EMAIL_USE_SSL:
        server = smtplib.SMTP_SSL(*place, timeout=settings.EMAIL_TIMEOUT, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(*place, timeout=settings.EMAIL_TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except BaseException:
        server.close()
        raise
    return server


def _converse(server: smtplib.SMTP, sender: str, recipients: Sequence[str], raw: bytes) -> dict[str, Answer]:
    started = time.monotonic()
    answers: dict[str, Answer] = {}
    try:
        _name_sender(server, sender, len(raw))
        for address in recipients:
            answers[address] = _answer(*server.rcpt(address))
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise TimeoutError("the server is too slow")
        taken = [address for address, answer in answers.items() if answer.result is Result.ACCEPTED]
        if not taken:
            return answers
        _send_letter(server, raw)
    except _Refused as refused:
        return _settled(answers, recipients, refused.answer)
    except BROKEN as error:
        return _settled(answers, recipients, Answer(Result.WAITING, _words(error)))
    verdict = _end_letter(server)
    return {address: verdict if address in taken else answer for address, answer in answers.items()}


def _name_sender(server: smtplib.SMTP, sender: str, size: int) -> None:
    """MAIL FROM. Servers for submission often refuse the null return path: then the desk's own address is named."""
    options = [f"SIZE={size}"] if server.has_extn("size") else []
    answer = _answer(*server.mail(sender, options))
    if answer.result is Result.REFUSED and not sender:
        answer = _answer(*server.mail(settings.DEFAULT_FROM_EMAIL, options))
    if answer.result is not Result.ACCEPTED:
        raise _Refused(answer)


def _send_letter(server: smtplib.SMTP, raw: bytes) -> None:
    """DATA and all of the letter but the dot that ends it."""
    code, said = server.docmd("DATA")
    if code != 354:
        answer = _answer(code, said)
        raise _Refused(answer if answer.result is Result.REFUSED else Answer(Result.WAITING, answer.said))
    if server.sock is not None:
        server.sock.settimeout(VERDICT_SECONDS)
    server.send(re.sub(rb"(?m)^\.", b"..", raw) + (b"" if raw.endswith(b"\r\n") else b"\r\n"))


def _end_letter(server: smtplib.SMTP) -> Answer:
    try:
        server.send(b".\r\n")
        code, said = server.getreply()
    except BROKEN as error:
        return Answer(Result.UNKNOWN, _words(error))
    if not 200 <= code < 600:
        return Answer(Result.UNKNOWN, f"{code} {_text(said)}")
    return _answer(code, said)


def _settled(answers: dict[str, Answer], recipients: Sequence[str], answer: Answer) -> dict[str, Answer]:
    """Whoever was refused by name stays so; for the others this is what happened."""
    refused = {address: each for address, each in answers.items() if each.result is Result.REFUSED}
    return {address: refused.get(address, answer) for address in recipients}


def _answer(code: int, said: bytes) -> Answer:
    result = Result.ACCEPTED if 200 <= code < 300 else Result.REFUSED if 500 <= code < 600 else Result.WAITING
    return Answer(result, f"{code} {_text(said)}")


def _leave(server: smtplib.SMTP) -> None:
    """Politely if the server still listens; what was decided is decided."""
    try:
        if server.sock is not None:
            server.sock.settimeout(2)
        server.quit()
    except BROKEN:
        server.close()


def _words(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error)[:_LONGEST_ANSWER] or type(error).__name__


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.replace("\x00", "").split())[:_LONGEST_ANSWER]
