"""The only IMAP code: a session with one folder, read-only, as plain values.

Nothing on the server is ever marked, moved or deleted: EXAMINE and BODY.PEEK throughout. Copies of our own letters are
added by mailbox.imap_sent.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Event
from time import monotonic
from typing import Any, Self

from imapclient.exceptions import CapabilityError, LoginError
from imapclient.imap_utf7 import decode as decode_utf7

from mailbox.imap_client import Client, Cut
from mailbox.tracker_folders import is_of_tracker

# RFC 2683, 3.2.1.5: a command line stays under a thousand characters or so.
CHUNK = 100
# Letters announced as larger than a piece are fetched in pieces, each to the disk before the next.
PIECE_BYTES = 4 * 2**20
# So many UIDs fit into one line of an answer (imaplib: a megabyte) with room to spare.
BLOCK_UIDS = 20_000
# A watcher that waits looks this often whether it is to stop.
STOP_SECONDS = 1.0

# What means "this connection is of no use any more": make a new one.
BROKEN = (imaplib.IMAP4.error, OSError, EOFError, ssl.SSLError)
# RFC 5530: the account may be all right, the server is not.
_BUSY = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to log in; `security` is one of Mailbox.Security."""

    host: str
    port: int
    security: str
    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter as the server announces it; `size` is the server's word and only a hint."""

    uid: int
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that exists on the server: its raw spelling, and what the server says it is for."""

    name: str
    flags: frozenset[str]

    @property
    def words(self) -> str:
        return readable(self.name)


class LoginRefused(Exception):
    """The server refused name or password: trying again at once could lock the account."""


class FolderGone(ConnectionError):
    """The folder is not on the server; says which are."""

    def __init__(self, name: str, there: Sequence[Place]) -> None:
        names = ", ".join(sorted((each.words for each in there), key=lambda words: (words != "INBOX", words)))
        super().__init__(f"folder {readable(name)} does not exist; the server has: {names}")
        self.there = list(there)


class Garbled(ConnectionError):
    """The server's answer is not IMAP."""


class Vanished(Exception):
    """A letter was removed while it was being fetched."""


class ImapSession:
    """A connection with one folder open for reading (none if `folder` is empty). Use as a context manager.

    Raises LoginRefused when the server refuses name or password, FolderGone, and one of BROKEN for anything else.
    """

    def __init__(self, account: Account, folder: str = "", context: ssl.SSLContext | None = None) -> None:
        self._account, self._folder, self._context = account, folder, context
        self._announced = 0

    def __enter__(self) -> Self:
        account = self._account
        try:
            with understood():
                self._client = Client(account.host, account.port, account.security, self._context)
        except CapabilityError:
            raise ConnectionError("the server offers no STARTTLS: TLS cannot begin at this port") from None
        try:
            self._log_in()
            if self._folder:
                self._examine()
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def _log_in(self) -> None:
        account, client = self._account, self._client
        try:
            if account.login.isascii() and account.password.isascii():
                client.login(account.login, account.password)
            else:
                # LOGIN knows ASCII only.
                client.plain_login(account.login, account.password)
        except LoginError as error:
            said = _without(account.password, str(error))
            if isinstance(error.__context__, imaplib.IMAP4.abort) or _BUSY.search(said):
                raise ConnectionError(said) from None
            raise LoginRefused(f"login refused: {said}") from None
        except (ValueError, LookupError):
            raise LoginRefused("login refused: the server cannot take these characters") from None
        with understood():
            # Some servers (NetEase) answer SELECT only after ID.
            if client.has_capability("ID"):
                client.id_({"name": "Dispatch"})
            # Asked now: asked later, its answer could swallow the news of a letter.
            self._can_idle = client.has_capability("IDLE")

    def _examine(self) -> None:
        try:
            with understood():
                opened = self._client.select_folder(self._folder, readonly=True)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            there = self.folders()
            if self._folder in {each.name for each in there}:
                raise
            raise FolderGone(self._folder, there) from None
        self.uidvalidity = int(opened.get(b"UIDVALIDITY", 0))
        self.uidnext = int(opened.get(b"UIDNEXT", 0))
        self.exists = int(opened.get(b"EXISTS", 0))
        self._announced = self._announcements()

    def _hang_up(self) -> None:
        with suppress(*BROKEN):
            self._client.shutdown()

    # --- Watching over the session, from another thread ----------------------------------------

    def seconds_with_one_command(self) -> float:
        """How long ago the last command was given."""
        return monotonic() - self._client.asked_at

    def cut_off(self) -> None:
        """End the connection: whoever waits for the server gets an error."""
        with suppress(OSError):
            self._client.socket().shutdown(socket.SHUT_RDWR)

    # --- Folders ------------------------------------------------------------------------------

    def folders(self) -> list[Place]:
        """All folders that can be opened and are not another program's own, as the server spells and marks them."""
        return [each for each in self._places() if not is_of_tracker(each.name)]

    def tracker_folders(self) -> list[Place]:
        """Those that Yandex Tracker has in this mailbox."""
        return [each for each in self._places() if is_of_tracker(each.name)]

    def _places(self) -> list[Place]:
        with understood():
            listed = [
                Place(_ascii(name), frozenset(_ascii(flag) for flag in flags))
                for flags, _, name in self._client.list_folders()
            ]
        return [each for each in listed if not {"\\Noselect", "\\NonExistent"} & each.flags]

    def sent_folder(self) -> str | None:
        """The server's spelling of the Sent folder: by its SPECIAL-USE mark, else by its usual names."""
        return sent_among(self.folders())

    def spelling_of(self, name: str) -> str | None:
        """How the server spells this folder, given so, in modified UTF-7 cut short, or in plain letters."""
        listed = [each.name for each in self.folders()]
        if name in listed:
            return name
        return next((each for each in listed if readable(each) == readable(name)), None)

    # --- UIDs ---------------------------------------------------------------------------------

    def uids_from(self, first: int) -> list[int]:
        """UIDs not smaller than `first`, ascending."""
        self._announced = self._announcements()
        return [uid for block in self.uid_blocks(first) for uid in block]

    def uid_blocks(self, first: int, before: int | None = None, since: date | None = None) -> Iterator[list[int]]:
        """UIDs from `first` on (below `before`, received on or after `since`), ascending, some thousands at a time.

        Asked for at once, those of a folder with a million letters would not fit into one answer.
        """
        begins = [first]
        if not self.uidnext or self.uidnext - first > BLOCK_UIDS:
            self._examine()
            begins += [uid for uid in self._every(BLOCK_UIDS) if uid > first and (before is None or uid < before)]
        for begin, end in zip(begins, [*begins[1:], before], strict=True):
            if found := self._search(begin, end, since):
                yield found

    def _every(self, step: int) -> list[int]:
        """The UID of each `step`-th letter of the folder, which must have been examined just now."""
        if self.exists <= step:
            return []
        with understood():
            self._client.use_uid = False
            try:
                rows = self._client.fetch(list(range(step, self.exists + 1, step)), ["UID"])
            finally:
                self._client.use_uid = True
            return sorted(int(row[b"UID"]) for row in rows.values())

    def _search(self, first: int, before: int | None, since: date | None) -> list[int]:
        """`n:*` names the last letter even when its UID is below n (RFC 3501, 6.4.8), hence the filter."""
        if before is not None and before <= first:
            return []
        criteria: list[Any] = ["UID", f"{first}:{'*' if before is None else before - 1}"]
        with understood():
            found = self._client.search([*criteria, "SINCE", since] if since else criteria)
        return sorted({uid for uid in found if uid >= first and (before is None or uid < before)})

    def next_uid(self) -> int:
        """The UID that the next letter to come will have at least."""
        if self.uidnext:
            return self.uidnext
        with understood():
            return max(self._client.search(["UID", "*"]), default=0) + 1

    def _announcements(self) -> int:
        """How often the server has announced letters in its answers to other commands; imaplib keeps them all."""
        return len(self._client._imap.untagged_responses.get("EXISTS", ()))

    # --- Letters ------------------------------------------------------------------------------

    def listed(self, uids: Iterable[int], now: datetime) -> Iterator[Listed]:
        """Size and moment of each of these letters that is still there; ascending.

        One that the server names and will not describe has size 0 and came `now`.
        """
        wanted = list(uids)
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            rows, refused = self._fetch(chunk, "RFC822.SIZE", "INTERNALDATE")
            for uid in sorted({*rows, *refused}):
                row = rows.get(uid, {})
                yield Listed(uid, int(row.get(b"RFC822.SIZE", 0)), _aware(row.get(b"INTERNALDATE") or now))

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The bytes of these letters. Absent: the server did not hand it over. Cut: it is longer than announced."""
        rows, _refused = self._fetch(uids, "BODY.PEEK[]")
        found = {uid: row.get(b"BODY[]") for uid, row in rows.items()}
        return {uid: raw for uid, raw in found.items() if raw or isinstance(raw, Cut)}

    def pieces(self, uid: int, most: int) -> Iterator[bytes]:
        """The letter's bytes, at most `most` of them: the last piece is a Cut if the letter goes on behind it.

        Nothing if the server refuses. Raises Vanished if the letter is removed midway.
        """
        for offset in range(0, most, PIECE_BYTES):
            asked = min(PIECE_BYTES, most - offset)
            rows, _refused = self._fetch([uid], f"BODY.PEEK[]<{offset}.{asked}>")
            row = rows.get(uid, {})
            whole, piece = row.get(b"BODY[]"), row.get(f"BODY[]<{offset}>".encode())
            if piece is None and whole and offset == 0:
                # A server that knows no pieces.
                yield whole if len(whole) <= most else Cut(whole[:most])
                return
            if piece is None:
                if offset:
                    raise Vanished(uid)
                return
            goes_on = len(piece) >= asked
            yield Cut(piece[:asked]) if goes_on and offset + asked >= most else piece[:asked]
            if not goes_on:
                return

    def _fetch(self, uids: Sequence[int], *items: str) -> tuple[dict[int, dict[bytes, Any]], list[int]]:
        """Rows by UID, and the UIDs that the server refuses; one bad letter must not hide the others."""
        try:
            with understood():
                return dict(self._client.fetch(list(uids), list(items))), []
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            if len(uids) <= 1:
                return {}, list(uids)
        rows: dict[int, dict[bytes, Any]] = {}
        refused = []
        for uid in uids:
            row, failed = self._fetch([uid], *items)
            rows |= row
            refused += failed
        return rows, refused

    # --- Waiting ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Let the server say what changed. Raises if the connection is dead."""
        with understood():
            self._client.noop()

    def wait(self, seconds: float, stop: Event) -> None:
        """Return when the server says something new, after `seconds`, or when told to stop.

        Raises if the connection is dead. imapclient's idle_check() returns an empty list at once when the peer has
        closed, and also when a black hole swallows everything (imapclient #565, #449): only a command with an
        answer tells, so each wait ends with one.
        """
        if self._announcements() != self._announced:
            return  # it came while we looked
        with understood():
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


def readable(name: str) -> str:
    """The name in plain letters. The closing "-" is often lost where people copy such names."""
    shifted = name.rfind("&") > name.rfind("-")
    try:
        return str(decode_utf7((name + "-" if shifted else name).encode("ascii")))
    except (UnicodeError, ValueError):
        return name


def sent_among(places: Iterable[Place]) -> str | None:
    """The raw name of the folder of sent letters, if one of these is it."""
    places = list(places)
    marked = [each.name for each in places if "\\Sent" in each.flags]
    named = [each.name for each in places if re.split(r"[/.|]", each.words)[-1].casefold() in _SENT_NAMES]
    return next(iter(marked + named), None)


_SENT_NAMES = {"sent", "sent items", "sent messages", "sent mail", "sent-mail", "отправленные", "отправленные письма"}


@contextmanager
def understood() -> Iterator[None]:
    """What imapclient stumbles over is no mistake of ours: the server's answer was not IMAP."""
    try:
        yield
    except BROKEN:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
        raise Garbled(f"the server's answer makes no sense: {error}") from error


def _without(secret: str, said: str) -> str:
    """The server's words, without the password that some servers repeat."""
    said = re.sub(r"""^b(['"])(.*)\1$""", r"\2", said)
    return said.replace(secret, "***") if secret else said


def _ascii(folder: str | bytes) -> str:
    return folder.decode("ascii", "replace") if isinstance(folder, bytes) else folder


def _is_news(said: list[Any]) -> bool:
    return any(len(line) > 1 and line[1] in (b"EXISTS", b"RECENT") for line in said if isinstance(line, tuple))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
