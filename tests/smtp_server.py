"""A real SMTP server on a free port for tests, with the faults that servers have.

with smtp_server(settings) as server:
    server.refuse("b@operator.example", "550 5.1.1 no such user")
    server.at_the_end = DROP_KEEPING
    ...
    assert server.letters[0].recipients == ["a@operator.example"]
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailbox.accounts import Account, Security

# What may happen after the dot that ends a letter, beside an answer such as "250 OK" or "451 4.3.0 later".
DROP, DROP_KEEPING, HANG = "drop", "drop, and the letter is kept", "hang"
DESK, PASSWORD = "desk@towers.example", "secret"


@dataclass(frozen=True)
class Arrived:
    """A letter that the server took."""

    sender: str
    recipients: list[str]
    raw: bytes


@dataclass
class SmtpServer:
    """Accepts everything until told otherwise."""

    letters: list[Arrived] = field(default_factory=list)
    # Address → the answer to RCPT TO, DROP to hang up instead; sender → to MAIL FROM.
    refused: dict[str, str] = field(default_factory=dict)
    refused_senders: dict[str, str] = field(default_factory=dict)
    at_data: str = ""
    at_the_end: str = "250 OK"
    # How often the end of a letter was reached, whatever came of it.
    ends: int = 0
    port: int = 0
    # How to reach it, as mailbox.smtp wants to know it.
    account: Account = field(default_factory=lambda: Account(None, DESK, "Desk", "127.0.0.1", 0, Security.NONE))

    def refuse(self, address: str, answer: str) -> None:
        self.refused[address] = answer

    def answer_to_data(self) -> str:
        """What DATA gets; empty: the usual 354."""
        return self.at_data

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if _bare(address) in self.refused_senders:
            return self.refused_senders[_bare(address)]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refused.get(address) == DROP and server.transport:
            server.transport.abort()
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.ends += 1
        if self.at_the_end in (HANG, DROP_KEEPING) or self.at_the_end.startswith("250"):
            raw = bytes(envelope.original_content or b"")
            self.letters.append(Arrived(_bare(envelope.mail_from or ""), list(envelope.rcpt_tos), raw))
        if self.at_the_end == HANG:
            await asyncio.sleep(60)
        if self.at_the_end in (DROP, DROP_KEEPING) and server.transport:
            server.transport.abort()
        return self.at_the_end


def _bare(sender: str) -> str:
    """The library spells the null return path by its brackets."""
    return "" if sender == "<>" else sender


class _Smtp(SMTP):
    """Answers DATA itself with the fault asked for."""

    async def smtp_DATA(self, arg: str) -> None:
        answer = self.event_handler.answer_to_data()
        if answer == DROP and self.transport:
            self.transport.abort()
        elif answer:
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)


@contextmanager
def smtp_server(
    settings: Any, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: str = ""
) -> Iterator[SmtpServer]:
    """The server in a thread of its own; the settings lead to it while the block lasts. `tls`: from the first byte."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    server = SmtpServer()
    options: dict[str, Any] = {"tls_context": starttls} if starttls else {"auth_require_tls": False}
    if login:
        options |= {"authenticator": _authenticator(login), "auth_required": True}
    with serving(server, tls, **options) as server.port:
        host = "localhost" if starttls or tls else "127.0.0.1"
        security = Security.SSL if tls else Security.STARTTLS if starttls else Security.NONE
        server.account = Account(None, DESK, "Desk", host, server.port, security, login, PASSWORD if login else "")
        settings.EMAIL_HOST, settings.EMAIL_PORT = host, server.port
        settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = tls is not None, starttls is not None
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = login, server.account.password
        settings.EMAIL_TIMEOUT, settings.DEFAULT_FROM_EMAIL = 5, DESK
        yield server


@contextmanager
def serving(server: SmtpServer, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Let it answer at a free port, in a thread of its own, while the block lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = loop.create_server(lambda: _Smtp(server, loop=loop, **options), "127.0.0.1", 0, ssl=tls)
    listener = asyncio.run_coroutine_threadsafe(listening, loop).result(timeout=10)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(listener), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(listener: asyncio.Server) -> None:
    """Stop listening, and cut what hangs."""
    listener.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _authenticator(login: str) -> Any:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (login.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    return check
