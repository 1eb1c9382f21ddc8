"""One listener per process: PostgreSQL's notifications, fanned out to the queues of open streams."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from django.db import connections

from incidents.events import CHANNEL

logger = logging.getLogger(__name__)

INCIDENT, PRESENCE, RESYNC = "incident", "presence", "resync"
# A stream that has not read this many messages is too slow: it is cut, and comes back with Last-Event-ID.
MOST_WAITING = 256
PAUSES = (0.2, 0.5, 1, 2, 5)
# A server that vanished without a word is noticed within half a minute.
KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 5, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
}  # fmt: skip


@dataclass(frozen=True)
class Message:
    name: str
    event: int
    data: str

    @classmethod
    def of(cls, event: int, code: str, kind: str) -> Self:
        return cls(INCIDENT, event, json.dumps({"event": event, "code": code, "kind": kind}))

    @classmethod
    def presence(cls, code: str) -> Self:
        """Somebody came, left, began to type or stopped; nothing happened, so it has no number to come back to."""
        return cls(PRESENCE, 0, json.dumps({"code": code}))

    @classmethod
    def resync(cls, event: int = 0) -> Self:
        """Something may have been missed: load the page's lists again."""
        return cls(RESYNC, event, "{}")

    def encode(self) -> bytes:
        number = f"id: {self.event}\n" if self.event else ""
        return f"{number}event: {self.name}\ndata: {self.data}\n\n".encode()


class Client:
    """One open stream. Made inside the task that writes it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(MOST_WAITING)
        self._writer = asyncio.current_task()

    async def next(self) -> Message:
        return await self._waiting.get()

    def offer(self, message: Message) -> bool:
        """False if the stream is too slow to take any more."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True

    def cut(self) -> None:
        # It may hang in a write that its reader never takes, so it cannot end by itself.
        if self._writer is not None:
            self._writer.cancel()


class Hub:
    """The streams of one event loop and the task that feeds them."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def join(self) -> Client:
        """A new stream; the first one starts the listener."""
        client = Client()
        self.clients.add(client)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen_for_ever(), name="incidents.live")
        return client

    def leave(self, client: Client) -> None:
        self.clients.discard(client)

    async def stop(self) -> None:
        """End the listener; the next stream starts another."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def is_listening(self, limit: float = 5.0) -> bool:
        """Wait until nothing that happens from now on can be missed; False if that takes too long."""
        try:
            async with asyncio.timeout(limit):
                await self._listening.wait()
        except TimeoutError:
            return False
        return True

    def publish(self, message: Message) -> None:
        for client in [client for client in self.clients if not client.offer(message)]:
            self.leave(client)
            client.cut()

    async def _listen_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    if failures:
                        logger.info("live events: listening again")
                        self.publish(Message.resync())
                    failures = 0
                    self._listening.set()
                    await self._pass_on(connection)
            except (psycopg.Error, OSError) as error:
                if not failures:
                    logger.warning("live events: the database does not answer (%s)", type(error).__name__)
            self._listening.clear()
            failures += 1
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES)) - 1])

    async def _pass_on(self, connection: psycopg.AsyncConnection[Any]) -> None:
        # Closed before the connection is: the generator holds the connection's lock, and closing waits for that.
        async with aclosing(connection.notifies()) as notifications:
            async for notification in notifications:
                message = read(notification.payload)
                if message:
                    self.publish(message)
                    # A transaction of a thousand events arrives at once; let the streams write them in between.
                    await asyncio.sleep(0)

    @staticmethod
    async def _connect() -> psycopg.AsyncConnection[Any]:
        wanted = connections["default"].get_connection_params()
        own = {name: wanted[name] for name in ("dbname", "user", "password", "host", "port") if name in wanted}
        # TLS and the like from OPTIONS; Django's cursor class and adapters mean nothing here.
        extra = {name: value for name, value in wanted.items() if name.startswith(("ssl", "target_session"))}
        return await psycopg.AsyncConnection.connect(**own, **extra, **KEEPALIVE, autocommit=True)


def read(payload: str) -> Message | None:
    """What incidents.events and incidents.presence announced; None for anything else on the channel."""
    try:
        said = json.loads(payload)
        if "presence" in said:
            return Message.presence(str(said["presence"]))
        return Message.of(int(said["event"]), str(said["code"]), str(said["kind"]))
    except (ValueError, TypeError, KeyError):
        logger.warning("live events: a notification that is not ours was left out")
        return None


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
