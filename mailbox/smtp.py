"""One conversation with an SMTP server: a letter in, what became of each recipient out.

The one moment that matters is the dot that ends the letter. Before it nothing has been accepted, whatever broke;
after it only the server's answer tells, and where that is missing nobody knows.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from threading import Timer

from django.conf import settings

from mailbox.accounts import Account, Security

BROKEN = (OSError, smtplib.SMTPException)
# A conversation that has not come to the end of the letter by now is cut off.
PATIENCE_SECONDS: float = 300
# Servers scan a letter before they answer for it.
VERDICT_SECONDS: float = 120
_LONGEST_ANSWER = 500
_PLAIN = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+")


class Result(StrEnum):
    """What became of one recipient."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    # The letter left and no answer came: it may be delivered.
    UNKNOWN = "unknown"
    # Accepted at first; another server said later that it cannot be delivered.
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's word about one recipient."""

    result: Result
    said: str


class Unreachable(Exception):
    """The server is down, is not who it should be, or does not let us in: no letter's fault."""

    def __init__(self, error: Exception | str) -> None:
        super().__init__(error if isinstance(error, str) else _words(error))
        # Servers lock accounts that insist.
        self.is_locked_out = isinstance(error, smtplib.SMTPAuthenticationError)


class Overtaken(Exception):
    """Somebody else decides about this letter by now: it was not handed over."""


class Stage(StrEnum):
    """What a conversation comes to before its first letter; which of them the settings of an account ask for."""

    SPEECH = "speech"
    TLS = "tls"
    LOGIN = "login"
    ADDRESS = "address"


BeforeEnd = Callable[[Mapping[str, Answer]], None]
Reached = Callable[[Stage], None]


class _Refused(Exception):
    """The sender, or the letter before its first byte, was turned down."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.said)
        self.answer = answer


def deliver(
    account: Account, sender: str, recipients: Sequence[str], raw: bytes, *, before_end: BeforeEnd
) -> dict[str, Answer]:
    """Hand the letter to the account's server. Raises Unreachable before it could begin.

    `raw` ends its lines with CRLF; an empty sender is the null return path. `before_end` is called right before the
    dot that ends the letter, with the answers to the recipients' names: those accepted are about to get it. Whatever
    it raises (Overtaken, a database that is away) keeps the letter from leaving.
    """
    server = _connected(account)
    with _left(server):
        return _converse(server, account, sender, recipients, raw, before_end)


def try_out(account: Account, *, reached: Reached = lambda stage: None) -> None:
    """Everything but a letter: connect, sign in, name the account's address as sender and recipient.

    `reached` is called with each stage that begins. Raises Unreachable with the server's words.
    """
    server = _connected(account, reached)
    with _left(server), _patience(server, PATIENCE_SECONDS):
        reached(Stage.ADDRESS)
        try:
            for code, said in (server.mail(account.address), server.rcpt(account.address)):
                if _answer(code, said).result is not Result.ACCEPTED:
                    raise Unreachable(f"{code} {_text(said)}")
            server.rset()
        except BROKEN as error:
            raise Unreachable(error) from error


def _connected(account: Account, reached: Reached = lambda stage: None) -> smtplib.SMTP:
    try:
        return _connect(account, reached)
    except BROKEN as error:
        raise Unreachable(error) from error
    except ValueError as error:
        # A name or a password with letters that SMTP has no way to say.
        raise Unreachable(error) from error


def _connect(account: Account, reached: Reached) -> smtplib.SMTP:
    """Say hello and sign in, by TLS unless it is switched off; a certificate that cannot be checked is refused."""
    reached(Stage.TLS if account.security == Security.SSL else Stage.SPEECH)
    place = (account.host, account.port, account.address.rpartition("@")[2])
    server: smtplib.SMTP
    if account.security == Security.SSL:
        server = smtplib.SMTP_SSL(*place, timeout=settings.EMAIL_TIMEOUT, context=_trusted())
    else:
        server = smtplib.SMTP(*place, timeout=settings.EMAIL_TIMEOUT)
    try:
        with _patience(server, PATIENCE_SECONDS):
            reached(Stage.SPEECH)
            server.ehlo_or_helo_if_needed()
            if account.security == Security.STARTTLS:
                reached(Stage.TLS)
                server.starttls(context=_trusted())
                server.ehlo_or_helo_if_needed()
            if account.username:
                reached(Stage.LOGIN)
                server.login(account.username, account.password)
    except BaseException:
        server.close()
        raise
    return server


def _trusted() -> ssl.SSLContext:
    """The authorities of the system and of the company."""
    context = ssl.create_default_context()
    if settings.EMAIL_CA_FILE:
        context.load_verify_locations(settings.EMAIL_CA_FILE)
    return context


def _converse(
    server: smtplib.SMTP,
    account: Account,
    sender: str,
    recipients: Sequence[str],
    raw: bytes,
    before_end: BeforeEnd,
) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    try:
        with _patience(server, PATIENCE_SECONDS):
            _name_sender(server, account, sender, len(raw))
            for address in recipients:
                answers[address] = _name_recipient(server, address)
            taken = [address for address, answer in answers.items() if answer.result is Result.ACCEPTED]
            if not taken:
                return answers
            _send_letter(server, raw)
    except _Refused as refused:
        return _settled(answers, recipients, refused.answer)
    except BROKEN as error:
        return _settled(answers, recipients, Answer(Result.WAITING, _words(error)))
    try:
        before_end(answers)
    except BaseException:
        server.close()
        raise
    verdict = _end_letter(server)
    return {address: verdict if address in taken else answer for address, answer in answers.items()}


@contextmanager
def _patience(server: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the connection off after so long: a server that answers letter by letter never runs into a timeout."""

    def cut() -> None:
        with suppress(OSError, AttributeError):
            server.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _name_sender(server: smtplib.SMTP, account: Account, sender: str, size: int) -> None:
    """MAIL FROM. Servers for submission often refuse the null return path: then the account's address is named."""
    options = [f"SIZE={size}"] if server.has_extn("size") else []
    answer = _answer(*server.mail(sender, options))
    if answer.result is Result.REFUSED and not sender:
        answer = _answer(*server.mail(account.address, options))
    if answer.result is not Result.ACCEPTED:
        raise _Refused(answer)


def _name_recipient(server: smtplib.SMTP, address: str) -> Answer:
    """RCPT TO. What SMTP has no way to say is refused by us; domains have one."""
    local, _at, domain = address.rpartition("@")
    if not _PLAIN.fullmatch(address):
        # smtplib would make an address of it, of whom ever.
        return Answer(Result.REFUSED, "not an address")
    try:
        plain = address if address.isascii() else f"{local}@{domain.encode('idna').decode('ascii')}"
        return _answer(*server.rcpt(plain))
    except ValueError as error:
        return Answer(Result.REFUSED, f"not an address: {error}"[:_LONGEST_ANSWER])


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
    """The dot, and the server's word about the letter."""
    try:
        with _patience(server, VERDICT_SECONDS):
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


@contextmanager
def _left(server: smtplib.SMTP) -> Iterator[None]:
    """Politely at the end, if the server still listens; what was decided is decided."""
    try:
        yield
    finally:
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
