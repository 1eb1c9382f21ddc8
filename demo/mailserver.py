"""The demo's mail host: SMTP in, IMAP out, one store behind both."""

import asyncio
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession

from demo.imap.folders import Folders
from demo.imap.server import ImapServer
from demo.mailstore import INBOX, SENT, MailStore

SIZE_LIMIT = 30 * 1024**2
# Recipients whose server says no, for ever or for now: something for the desk to cope with.
UNKNOWN, BUSY = "unknown", "busy"


@dataclass(frozen=True)
class Ports:
    imap: int
    smtp: int


ANY = Ports(0, 0)


class MailServer:
    """Everybody's mailboxes. The desk's is made at once, the others' by the first letter.

    All of them open with the same password; `save_sent` keeps a copy of what the desk sends
    by SMTP in its Sent folder, as Yandex does.
    """

    def __init__(self, folder: Path, *, desk: str, password: str, save_sent: bool = True) -> None:
        self.desk = desk.lower()
        self.save_sent = save_sent
        self._password = password
        self._store = MailStore(folder)
        self.folders = Folders(self._store)
        self.folders.of(self.desk)
        self.imap = ImapServer(self.folders, self.check_password)
        self._smtp: asyncio.Server | None = None

    def check_password(self, login: str, password: str) -> bool:
        right = hmac.compare_digest(password.encode(), self._password.encode())
        return right and self.folders.knows(login)

    async def start(self, *, host: str = "127.0.0.1", ports: Ports = ANY) -> Ports:
        """Listen on these ports, or on any free one where one of them is taken; the ports taken."""
        loop = asyncio.get_running_loop()
        try:
            imap = await self.imap.start(host, ports.imap)
        except OSError:
            imap = await self.imap.start(host, 0)
        try:
            self._smtp = await loop.create_server(self._smtp_connection, host, ports.smtp)
        except OSError:
            self._smtp = await loop.create_server(self._smtp_connection, host, 0)
        return Ports(imap, int(self._smtp.sockets[0].getsockname()[1]))

    async def stop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        await self.imap.stop()
        self._store.close()

    # --- SMTP

    def _smtp_connection(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.dispatch.example",
            ident="demo",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            authenticator=self._authenticate,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: SmtpSession, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        login, password = data.login.decode(), data.password.decode()
        right = self.check_password(login, password)
        return AuthResult(success=right, handled=False, auth_data=login.lower())

    async def handle_RCPT(
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: object
    ) -> str:
        local = address.partition("@")[0].lower()
        if local == UNKNOWN:
            return "550 5.1.1 no such mailbox"
        if local == BUSY:
            return "451 4.3.0 mailbox busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:
        """250 only when every copy is on the disk."""
        raw, now = envelope.original_content or b"", datetime.now(UTC)
        for address in {address.lower() for address in envelope.rcpt_tos}:
            trace = _trace(session, envelope.mail_from or "", address, now)
            self.folders.of(address)[INBOX].append(trace + raw, received=now)
        if self.save_sent and self._is_from_desk(session, raw):
            self.folders.of(self.desk)[SENT].append(raw, received=now, flags=("\\Seen",))
        return "250 OK kept"

    def _is_from_desk(self, session: SmtpSession, raw: bytes) -> bool:
        if session.authenticated:
            return bool(session.auth_data == self.desk)
        header = BytesHeaderParser().parsebytes(raw, headersonly=True)
        senders = getaddresses([str(value) for value in header.get_all("From", [])])
        return any(address.lower() == self.desk for _, address in senders)


def _trace(session: SmtpSession, sender: str, recipient: str, now: datetime) -> bytes:
    """What the last mail host puts on top of a letter (RFC 5321, 4.4)."""
    peer = session.peer[0] if session.peer else "unknown"
    return (
        # The null sender comes as "<>" already.
        f"Return-Path: <{sender.strip('<>')}>\r\nDelivered-To: {recipient}\r\n"
        f"Received: from {session.host_name or 'unknown'} ([{peer}]) by mail.dispatch.example"
        f" with ESMTP;\r\n\t{format_datetime(now)}\r\n"
    ).encode()


@contextmanager
def running(server: MailServer, ports: Ports = ANY) -> Iterator[Ports]:
    """The server in a thread of its own while the block lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def call(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=10)

    try:
        yield call(server.start(ports=ports))
    finally:
        call(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
