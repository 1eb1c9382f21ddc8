"""An IMAP server that misbehaves on purpose: honest in everything that a test does not ask it to get wrong."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

PASSWORD = "hunter-of-secrets"


@dataclass
class BadServer:
    """Its letters by UID, and what it does wrong."""

    letters: dict[int, bytes] = field(default_factory=dict)
    # RFC822.SIZE as it claims it to be.
    claimed: dict[int, int] = field(default_factory=dict)
    # A FETCH that names one of these is refused as a whole.
    refused: set[int] = field(default_factory=set)
    # A letter of so many bytes, made while it is sent.
    endless: dict[int, int] = field(default_factory=dict)
    knows_pieces: bool = True
    refuses_login: str = ""
    # Answers to whole commands: bytes as they are, {tag} filled in; the connection is closed after b"".
    instead: dict[str, bytes] = field(default_factory=dict)
    breaks_off_in_letter: bool = False
    always_claims_news: bool = False
    ends_idle_at_once: bool = False
    # Answers a NOOP a byte at a time, and never ends.
    drips: bool = False
    commands: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def account(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1", "port": self.port, "ssl": False, "login": "desk@bad.example", "password": PASSWORD,
            "address": "desk@bad.example", "inbox": "INBOX", "sent": "",
        }  # fmt: skip


@contextmanager
def running(bad: BadServer) -> Iterator[BadServer]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        bad.port = listening.getsockname()[1]
        threading.Thread(target=_accept, args=(bad, listening), daemon=True).start()
        yield bad
        listening.shutdown(socket.SHUT_RDWR)


def _accept(bad: BadServer, listening: socket.socket) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_serve, args=(bad, client), daemon=True).start()


def _serve(bad: BadServer, client: socket.socket) -> None:
    with suppress(OSError, ValueError), client, client.makefile("rwb", buffering=2**16) as wire:
        wire.write(b"* OK ready\r\n")
        wire.flush()
        while line := wire.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            name = re.match(r"(UID )?\w*", rest)[0].upper()  # type: ignore[index]
            bad.commands.append(name)
            if name in bad.instead:
                if not bad.instead[name]:
                    return
                wire.write(bad.instead[name].replace(b"{tag}", tag.encode()))
            else:
                _answer(bad, wire, tag, name, rest)
            wire.flush()


def _answer(bad: BadServer, wire: Any, tag: str, name: str, rest: str) -> None:
    done = f"{tag} OK done\r\n".encode()
    match name:
        case "CAPABILITY":
            wire.write(b"* CAPABILITY IMAP4rev1 IDLE\r\n" + done)
        case "LOGIN" if bad.refuses_login:
            wire.write(f"{tag} {bad.refuses_login}\r\n".encode())
        case "LIST":
            wire.write(b'* LIST () "/" INBOX\r\n* LIST (\\Noselect) "/" Nowhere\r\n' + done)
        case "EXAMINE":
            end = max(bad.letters | bad.endless, default=0) + 1
            wire.write(f"* {len(bad.letters | bad.endless)} EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n".encode())
            wire.write(f"* OK [UIDNEXT {end}] x\r\n".encode() + done)
        case "UID SEARCH":
            first = int(re.search(r"UID (\d+):", rest)[1])  # type: ignore[index]
            found = sorted(uid for uid in bad.letters | bad.endless if uid >= first)
            news = b"* 9 EXISTS\r\n" if bad.always_claims_news else b""
            wire.write(f"* SEARCH {' '.join(map(str, found))}\r\n".encode() + news + done)
        case "UID FETCH":
            _fetch(bad, wire, tag, rest)
        case "NOOP" if bad.drips:
            while True:
                wire.write(b"x")
                wire.flush()
                time.sleep(0.1)
        case "IDLE":
            wire.write(b"+ idling\r\n" + (done if bad.ends_idle_at_once else b""))
            wire.flush()
            wire.readline()
            wire.write(b"" if bad.ends_idle_at_once else done)
        case _:
            wire.write(done)


def _fetch(bad: BadServer, wire: Any, tag: str, rest: str) -> None:
    uids = [int(each) for each in rest.split()[2].split(",")]
    if bad.refused & set(uids):
        wire.write(f"{tag} NO [SERVERBUG] cannot\r\n".encode())
        return
    for number, uid in enumerate((each for each in uids if each in bad.letters | bad.endless), 1):
        size = bad.endless.get(uid) or len(bad.letters[uid])
        if "BODY.PEEK" not in rest:
            date = '"23-Nov-2026 10:00:00 +0000"'
            claimed = bad.claimed.get(uid, size)
            wire.write(f"* {number} FETCH (UID {uid} RFC822.SIZE {claimed} INTERNALDATE {date})\r\n".encode())
            continue
        piece = re.search(r"<(\d+)\.(\d+)>", rest) if bad.knows_pieces else None
        start, length = (int(piece[1]), int(piece[2])) if piece else (0, size)
        length = max(min(length, size - start), 0)
        origin = f"<{start}>" if piece else ""
        wire.write(f"* {number} FETCH (UID {uid} BODY[]{origin} {{{length}}}\r\n".encode())
        if bad.breaks_off_in_letter:
            wire.write(b"Subject: half")
            wire.flush()
            raise ValueError("enough")
        _send(wire, bad.letters.get(uid), start, length)
        wire.write(b")\r\n")
    wire.write(f"{tag} OK done\r\n".encode())


def _send(wire: Any, letter: bytes | None, start: int, length: int) -> None:
    if letter is not None:
        wire.write(letter[start : start + length])
        return
    line = b"x" * 62 + b"\r\n"
    while length > 0:
        block = line * min(length // len(line) + 1, 1024)
        wire.write(block[:length])
        length -= len(block)
