"""The only IMAP code: a session with one folder, read-only, as plain values.

Nothing on the server is ever marked, moved or deleted: EXAMINE and BODY.PEEK throughout.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Event
from time import monotonic
from typing import Any, Self

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError
from imapclient.imap_utf7 import decode as decode_utf7

CONNECT_SECONDS, READ_SECONDS = 10, 60
# RFC 2683, 3.2.1.5: a command line stays under a thousand characters or so.
CHUNK = 100
BATCH_BYTES = 16 * 2**20
# A watcher that waits looks this often whether it is to stop.
STOP_SECONDS = 1.0
CUT_BYTES = 2**20

# What means "this connection is of no use any more": make a new one.
BROKEN = (imaplib.IMAP4.error, OSError, EOFError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter as the server announces it; `size` is the server's word and only a hint."""

    uid: int
    size: int
    received_at: datetime


class ImapSession:
    """A connection with one folder open for reading. Use as a context manager.

    Raises LoginRefused when the server refuses name or password, and one of BROKEN for anything else.
    """

    def __init__(self, account: Mapping[str, Any], folder: str) -> None:
        self._account, self._folder = account, folder
        self._announced = 0

    def __enter__(self) -> Self:
        account = self._account
        self._client = IMAPClient(
            account["host"],
            port=account["port"],
            ssl=account["ssl"],
            timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS),
        )
        self._client.normalise_times = False
        # Folder names are kept as the server spells them.
        self._client.folder_encode = False
        try:
            self._log_in()
            self._examine()
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def _log_in(self) -> None:
        try:
            self._client.login(self._account["login"], self._account["password"])
        except LoginError as error:
            raise LoginRefused(str(error)) from None
        # Some servers (NetEase) answer SELECT only after ID.
        if self._client.has_capability("ID"):
            self._client.id_({"name": "Dispatch"})
        # Asked now: asked later, its answer could swallow the news of a letter.
        self._can_idle = self._client.has_capability("IDLE")

    def _examine(self) -> None:
        opened = self._client.select_folder(self._folder, readonly=True)
        self.uidvalidity = int(opened.get(b"UIDVALIDITY", 0))
        self.uidnext = int(opened.get(b"UIDNEXT", 0))
        self._announced = self._announcements()

    def _hang_up(self) -> None:
        with suppress(*BROKEN):
            self._client.shutdown()

    def sent_folder(self) -> str | None:
        """The server's spelling of the Sent folder: by its SPECIAL-USE mark, else by its usual names."""
        found = self._client.find_special_folder(b"\\Sent")
        return None if found is None else _ascii(found)

    def spelling_of(self, name: str) -> str | None:
        """How the server spells this folder, given so, in modified UTF-7 cut short, or in plain letters."""
        listed = [_ascii(folder) for _, _, folder in self._client.list_folders()]
        if name in listed:
            return name
        return next((each for each in listed if readable(each) == readable(name)), None)

    def uids_from(self, first: int) -> list[int]:
        """UIDs not smaller than `first`, ascending.

        `n:*` names the last letter even when its UID is below n (RFC 3501, 6.4.8), hence the filter.
        """
        self._announced = self._announcements()
        return sorted(uid for uid in self._client.search(["UID", f"{first}:*"]) if uid >= first)

    def _announcements(self) -> int:
        """How often the server has announced letters in its answers to other commands; imaplib keeps them all."""
        return len(self._client._imap.untagged_responses.get("EXISTS", ()))

    def first_uid_since(self, day: date) -> int:
        """The smallest UID received on or after `day`; the next UID to come when there is none."""
        found = self._client.search(["SINCE", day])
        return min(found) if found else self.uidnext or 1

    def listed(self, uids: Iterable[int]) -> Iterator[Listed]:
        """Size and moment of each of these letters that is still there."""
        for chunk in _chunks(list(uids)):
            for uid, row in sorted(self._client.fetch(chunk, ["RFC822.SIZE", "INTERNALDATE"]).items()):
                moment = row.get(b"INTERNALDATE")
                yield Listed(uid, int(row.get(b"RFC822.SIZE", 0)), _aware(moment))

    def raw(self, listed: Iterable[Listed], most: int) -> Iterator[tuple[Listed, bytes | None]]:
        """Each letter with its bytes: its beginning if it is larger than `most`, None if the server gave nothing."""
        for batch in _batches(listed, most):
            if len(batch) == 1 and batch[0].size > most:
                yield batch[0], self._beginning(batch[0].uid)
                continue
            found = self._client.fetch([each.uid for each in batch], ["BODY.PEEK[]"])
            for each in batch:
                yield each, found.get(each.uid, {}).get(b"BODY[]")

    def _beginning(self, uid: int) -> bytes | None:
        row = self._client.fetch([uid], [f"BODY.PEEK[]<0.{CUT_BYTES}>"]).get(uid, {})
        beginning: bytes | None = row.get(b"BODY[]<0>", row.get(b"BODY[]"))
        return beginning

    def wait(self, seconds: float, stop: Event) -> None:
        """Return when the server says something new, after `seconds`, or when told to stop.

        Raises if the connection is dead. imapclient's idle_check() returns an empty list at once when the peer has
        closed, and also when a black hole swallows everything (imapclient #565, #449): only a command with an
        answer tells, so each wait ends with one.
        """
        if self._announcements() != self._announced:
            return  # it came while we looked
        if self._can_idle:
            self._client.idle()
            self._listen(monotonic() + seconds, stop)
            self._client.idle_done()
        else:
            stop.wait(min(seconds, 5))
        self._client.noop()

    def _listen(self, until: float, stop: Event) -> None:
        while not stop.is_set() and (left := until - monotonic()) > 0:
            asked = monotonic()
            said = self._client.idle_check(timeout=min(left, STOP_SECONDS))
            hung_up = not said and monotonic() - asked < min(left, STOP_SECONDS) / 2
            if hung_up or _is_news(said):
                return


class LoginRefused(Exception):
    """The server refused name or password: trying again at once could lock the account."""


def _ascii(folder: str | bytes) -> str:
    return folder.decode("ascii", "replace") if isinstance(folder, bytes) else folder


def readable(name: str) -> str:
    """The name in plain letters. The closing "-" is often lost where people copy such names."""
    shifted = name.rfind("&") > name.rfind("-")
    try:
        return str(decode_utf7((name + "-" if shifted else name).encode("ascii")))
    except (UnicodeError, ValueError):
        return name


def _is_news(said: list[Any]) -> bool:
    return any(len(line) > 1 and line[1] in (b"EXISTS", b"RECENT") for line in said if isinstance(line, tuple))


def _aware(moment: datetime | None) -> datetime:
    if moment is None:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _chunks(uids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), CHUNK):
        yield uids[start : start + CHUNK]


def _batches(listed: Iterable[Listed], most: int) -> Iterator[list[Listed]]:
    """Groups that fit into one answer; a letter over the limit stands alone."""
    batch: list[Listed] = []
    total = 0
    for each in listed:
        if batch and (total + each.size > BATCH_BYTES or len(batch) == CHUNK or each.size > most):
            yield batch
            batch, total = [], 0
        batch.append(each)
        total += each.size
        if each.size > most:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
