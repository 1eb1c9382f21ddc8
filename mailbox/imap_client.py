"""imapclient with limits: what a server sends can neither fill the memory nor hide from a waiting watcher."""

from __future__ import annotations

import imaplib
import ssl
from contextlib import suppress
from time import monotonic
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS, create_default_context

# Module constants, so that tests of broken servers need not wait.
CONNECT_SECONDS: float = 10
READ_SECONDS: float = 60
# One answer may bring so much of each; nothing we ask for comes near.
ANSWER_BYTES = 16 * 2**20
_BLOCK = 2**16


class Cut(bytes):
    """The beginning of a literal that was longer than any answer may be."""


class _Limited(imaplib.IMAP4):
    """Counts what the server sends in answer to one command."""

    # What the present answer may still bring: in lines, and in literals, which are the letters.
    _lines_left = _literals_left = ANSWER_BYTES

    asked_at = 0.0

    def _command(self, name: str, *args: Any) -> Any:
        self.asked_at = monotonic()
        self._lines_left = self._literals_left = ANSWER_BYTES
        return super()._command(name, *args)  # type: ignore[misc]

    def readline(self) -> bytes:
        line = super().readline()
        self._lines_left -= len(line)
        if self._lines_left < 0:
            raise self.abort(f"the answer is longer than {ANSWER_BYTES} bytes")
        return line

    def read(self, size: int) -> bytes:
        """A literal. One that is too long is read to its end, and only its beginning is kept."""
        kept = super().read(min(size, self._literals_left))
        self._literals_left -= len(kept)
        rest = size - len(kept)
        if not rest:
            return kept
        while rest and (thrown := super().read(min(rest, _BLOCK))):
            rest -= len(thrown)
        return Cut(kept)

    def _append_untagged(self, kind: str, said: Any) -> None:
        if isinstance(said, tuple) and isinstance(said[1], Cut):
            # imapclient compares the announced length with what there is.
            said = (said[0][: said[0].rindex(b"{")] + b"{%d}" % len(said[1]), said[1])
        super()._append_untagged(kind, said)  # type: ignore[misc]


class _Plain(_Limited, IMAP4WithTimeout):  # type: ignore[misc]
    pass


class _Tls(_Limited, IMAP4_TLS):  # type: ignore[misc]
    pass


class Client(IMAPClient):  # type: ignore[misc]
    """A connection; TLS always checks the server's certificate and name."""

    def __init__(self, host: str, port: int, security: str, context: ssl.SSLContext | None = None) -> None:
        timeout = SocketTimeout(CONNECT_SECONDS, READ_SECONDS)
        context = context or create_default_context()
        super().__init__(host, port=port, ssl=security == "ssl", ssl_context=context, timeout=timeout)
        # imapclient has imaplib describe every byte for a log that nobody reads: letters, four times over.
        self._imap.debug = 0
        self.normalise_times = False
        # Folder names are kept as the server spells them.
        self.folder_encode = False
        if security == "starttls":
            try:
                self.starttls(context)
            except BaseException:
                with suppress(OSError, imaplib.IMAP4.error):
                    self.shutdown()
                raise

    @property
    def asked_at(self) -> float:
        """When the last command was given, by the monotonic clock."""
        return float(self._imap.asked_at)

    def _create_IMAP4(self) -> imaplib.IMAP4:
        if self.ssl:
            return _Tls(self.host, self.port, self.ssl_context, self._timeout.connect)  # type: ignore[call-arg]
        return _Plain(self.host, self.port, self._timeout.connect)

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> Any:
        """What was already read from the socket, together with an earlier answer, is news too."""
        return self._is_buffered() or super()._poll_socket(sock, timeout)

    def _is_buffered(self) -> bool:
        # idle_check() has made the socket non-blocking.
        with suppress(OSError, ValueError):
            return bool(self._imap.file.peek(1))
        return False
