"""A wire between watcher and server that can stop carrying anything, without a word to either side."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Carries bytes to `port` until it is told to swallow them."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._swallows = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    def swallow(self) -> None:
        """From now on nothing of what is connected now arrives; new connections work."""
        self._swallows.set()
        self._swallows = threading.Event()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_carry, args=(*pair, self._swallows), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _carry(source: socket.socket, target: socket.socket, swallows: threading.Event) -> None:
    with suppress(OSError):
        while got := source.recv(65536):
            if not swallows.is_set():
                target.sendall(got)
        # Even the end of one side is not told to the other.
        if not swallows.is_set():
            target.shutdown(socket.SHUT_WR)


@contextmanager
def between(port: int) -> Iterator[Proxy]:
    proxy = Proxy(port)
    threading.Thread(target=proxy.run, daemon=True).start()
    yield proxy
    proxy.close()
