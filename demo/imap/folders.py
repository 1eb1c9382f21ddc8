"""Folders as sessions see them: letters known in memory, changes told to whoever looks."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from demo.mailstore import SENT, FolderRow, Letter, MailStore

SEPARATOR = "|"  # as Yandex has it


class Watcher(Protocol):
    def folder_changed(self, uid: int | None) -> None:
        """A letter came or went (None), or the flags of this one changed."""


class LiveFolder:
    """One folder; the store is written first, then the watchers are woken."""

    def __init__(self, store: MailStore, row: FolderRow) -> None:
        self._store = store
        self._id = row.id
        self.name = row.name
        self.uidvalidity = row.uidvalidity
        self.uidnext = row.uidnext
        self.letters = {letter.uid: letter for letter in store.letters(row.id)}
        self.watchers: set[Watcher] = set()

    def append(self, raw: bytes, *, received: datetime, flags: Iterable[str] = ()) -> Letter:
        letter = self._store.append(self._id, raw, received=received, flags=flags)
        self.letters[letter.uid] = letter
        self.uidnext = letter.uid + 1
        self._tell(None)
        return letter

    def raw(self, uid: int) -> bytes | None:
        return self._store.raw(self._id, uid)

    def set_flags(self, letter: Letter, flags: frozenset[str]) -> None:
        if flags != letter.flags:
            self._store.set_flags(self._id, letter.uid, flags)
            letter.flags = flags
            self._tell(letter.uid)

    def expunge(self, uids: list[int]) -> None:
        if uids:
            self._store.expunge(self._id, uids)
            for uid in uids:
                del self.letters[uid]
            self._tell(None)

    def delete(self) -> None:
        self._store.delete(self._id)

    def unseen(self) -> int:
        return sum("\\Seen" not in letter.flags for letter in self.letters.values())

    def _tell(self, uid: int | None) -> None:
        for watcher in tuple(self.watchers):
            watcher.folder_changed(uid)


class Folders:
    """All folders of all owners; an owner gets INBOX and Sent with the first letter or login."""

    def __init__(self, store: MailStore) -> None:
        self._store = store
        self._live: dict[str, dict[str, LiveFolder]] = defaultdict(dict)
        for owner in store.owners():
            for row in store.folders(owner):
                self._live[owner][row.name] = LiveFolder(store, row)

    def knows(self, owner: str) -> bool:
        return owner.lower() in self._live

    def of(self, owner: str) -> dict[str, LiveFolder]:
        owner = owner.lower()
        for name in ("INBOX", SENT):
            if name not in self._live[owner]:
                self.create(owner, name)
        return self._live[owner]

    def create(self, owner: str, name: str) -> LiveFolder:
        owner = owner.lower()
        folder = LiveFolder(self._store, self._store.create(owner, name))
        self._live[owner][name] = folder
        return folder

    def delete(self, owner: str, name: str) -> None:
        self._live[owner.lower()].pop(name).delete()
