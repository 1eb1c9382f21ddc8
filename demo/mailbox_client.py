"""The demo's own way into its mailbox: letters in with the date they are to bear, letters out."""

import imaplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from imapclient import IMAPClient

SECONDS = 20


class Mailbox:
    """One logged-in connection to the demo's IMAP server."""

    def __init__(self, client: IMAPClient) -> None:
        self._client = client

    def message_ids(self, folder: str) -> set[str]:
        """Message-IDs of all letters of the folder."""
        self._client.select_folder(folder, readonly=True)
        field = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
        rows = self._fetch(self._client.search("ALL"), "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
        return {row[field].decode("ascii", "replace").partition(":")[2].strip() for row in rows}

    def newest(self, folder: str, count: int) -> list[bytes]:
        self._client.select_folder(folder, readonly=True)
        uids = self._client.search("ALL")[-count:]
        return [row[b"BODY[]"] for row in self._fetch(uids, "BODY.PEEK[]")]

    def put(self, folder: str, raw: bytes, *, received: datetime, seen: bool) -> None:
        self._client.append(folder, raw, flags=[b"\\Seen"] if seen else (), msg_time=received)

    def _fetch(self, uids: list[int], item: str) -> list[dict[bytes, Any]]:
        rows: dict[int, dict[bytes, Any]] = {}
        for start in range(0, len(uids), 200):
            rows |= self._client.fetch(uids[start : start + 200], [item])
        return [rows[uid] for uid in sorted(rows)]


@contextmanager
def opened(ports: dict[str, Any]) -> Iterator[Mailbox]:
    """The desk's mailbox on the servers that `ports` (VAR_DIR/ports.json) names."""
    client = IMAPClient("127.0.0.1", port=ports["imap"], ssl=False, timeout=SECONDS)
    client.folder_encode = False
    # imaplib sends a letter and its line end apart: with Nagle's algorithm each APPEND takes 40 ms more.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        client.login(ports["imap_login"], ports["imap_password"])
        yield Mailbox(client)
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            client.shutdown()
