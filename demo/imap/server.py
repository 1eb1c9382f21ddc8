"""The IMAP server: connections, the command loop, IDLE, and faults on demand."""

import asyncio
import contextlib
import logging

from demo.imap import accounts, messages
from demo.imap.folders import Folders
from demo.imap.state import CAPABILITIES, CheckPassword, Faults, Session
from demo.imap.wire import LINE_LIMIT, Bad, Command, No, parse_command, read_command, text

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.02


class ImapServer:
    """Serves `folders`. Everything happens in one event loop: a command is atomic."""

    def __init__(self, folders: Folders, check_password: CheckPassword) -> None:
        self.folders = folders
        self.faults = Faults()
        self._check_password = check_password
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that was taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=LINE_LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.faults.healthy.set()
            self.drop()
            await self._server.wait_closed()

    def drop(self) -> None:
        """Break every connection at once, as a router that restarts does."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def misbehave(self, fault: str) -> None:
        """One of DROP, HANG, REFUSE_LOGIN, REFUSE_CONNECTIONS, HEAL."""
        if fault == "DROP":
            self.drop()
        elif fault == "HANG":
            self.faults.healthy.clear()
        elif fault == "REFUSE_LOGIN":
            self.faults.refuse_login = True
        elif fault == "REFUSE_CONNECTIONS":
            self.faults.refuse_connections = True
        elif fault == "HEAL":
            self.faults.refuse_login = self.faults.refuse_connections = False
            self.faults.healthy.set()
        else:
            raise Bad("DROP, HANG, REFUSE_LOGIN, REFUSE_CONNECTIONS or HEAL")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(writer, self.folders, self._check_password, self.faults)
        self._writers.add(writer)
        try:
            session.untagged(b"OK [%s] demo mailbox ready" % CAPABILITIES)
            while not session.over:
                await self._one_command(session, reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            logger.debug("client went away")
        except Exception:
            logger.exception("connection failed")
        finally:
            session.close()
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _one_command(self, session: Session, reader: asyncio.StreamReader) -> None:
        try:
            line, pieces = await read_command(reader, lambda: session.send(b"+ go on"))
        except Bad as error:
            # What follows on the wire may be a letter's text: it must not be taken for commands.
            session.untagged(b"BYE " + str(error).encode())
            session.over = True
            return
        if not line.strip():
            return
        try:
            command = parse_command(pieces)
        except Bad as error:
            tag = line.split(b" ", 1)[0]
            session.send(b"%s BAD %s" % (tag, str(error).encode()))
            return
        if command.name != "XDEMO":
            await session.faults.healthy.wait()
            if session.faults.refuse_connections:
                session.writer.transport.abort()
        await self._answer(session, reader, command)
        await session.writer.drain()

    async def _answer(self, session: Session, reader: asyncio.StreamReader, command: Command) -> None:
        status = "OK"
        if command.name.endswith("SEARCH"):  # it finds what came before it was asked
            session.announce(expunges=False)
        try:
            said = await self._run(session, reader, command)
        except No as error:
            status, said = "NO", str(error)
        except Bad as error:
            status, said = "BAD", str(error)
        if not session.over:
            session.announce(expunges=command.name not in messages.KEEPS_NUMBERS)
        session.send(f"{command.tag} {status} {said}".encode())

    async def _run(self, session: Session, reader: asyncio.StreamReader, command: Command) -> str:
        """Carry the command out; the text of its OK."""
        if command.name == "XDEMO":
            self.misbehave(text(command.arguments[0]).upper() if command.arguments else "")
            return "as you wish"
        if handler := accounts.ANYBODY.get(command.name):
            return handler(session, command.arguments)
        if command.name == "AUTHENTICATE":
            return await _authenticate(session, reader, command)
        if session.owner is None:
            raise No("log in first")
        if command.name == "IDLE":
            return await _idle(session, reader)
        if handler := accounts.LOGGED_IN.get(command.name) or messages.HANDLERS.get(command.name):
            return handler(session, command.arguments)
        raise Bad("unknown command")


async def _authenticate(session: Session, reader: asyncio.StreamReader, command: Command) -> str:
    if not command.arguments or text(command.arguments[0]).upper() != "PLAIN":
        raise No("only PLAIN is offered")
    if len(command.arguments) > 1:  # SASL-IR (RFC 4959)
        response = text(command.arguments[1]).encode()
    else:
        session.send(b"+ ")
        response = (await reader.readuntil(b"\n")).strip()
    return accounts.enter(session, *accounts.plain_credentials(response))


async def _idle(session: Session, reader: asyncio.StreamReader) -> str:
    """RFC 2177: changes are told at once until the client says DONE."""
    session.send(b"+ idling")
    await session.writer.drain()
    # Clients that poll the socket never see what they have read together with the "+".
    await asyncio.sleep(SETTLE_SECONDS)
    done = asyncio.ensure_future(reader.readuntil(b"\n"))
    try:
        while not done.done():
            session.announce(expunges=True)
            await session.writer.drain()
            news = asyncio.ensure_future(session.changed.wait())
            await asyncio.wait((done, news), return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            await session.faults.healthy.wait()
        if done.result().strip().upper() != b"DONE":
            raise Bad("expected DONE")
    finally:
        done.cancel()
    return "IDLE completed"
