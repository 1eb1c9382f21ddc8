"""Where the demo's letters live: one SQLite file, on the disk before anybody is told "OK"."""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

INBOX = "INBOX"
SENT = "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"  # Отправленные, in modified UTF-7

_SCHEMA = """
CREATE TABLE IF NOT EXISTS folder (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL UNIQUE,
    uidnext INTEGER NOT NULL DEFAULT 1,
    UNIQUE (owner, name)
);
CREATE TABLE IF NOT EXISTS letter (
    folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    received TEXT NOT NULL,
    flags TEXT NOT NULL,
    size INTEGER NOT NULL,
    raw BLOB NOT NULL,
    UNIQUE (folder, uid)
);
CREATE TABLE IF NOT EXISTS last_uidvalidity (value INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class FolderRow:
    id: int
    owner: str
    name: str
    uidvalidity: int
    uidnext: int


@dataclass
class Letter:
    """What is known of a letter without reading it."""

    uid: int
    received: datetime
    flags: frozenset[str]
    size: int


class MailStore:
    """Folders and letters by owner (a mail address). Every writing method is durable on return."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "mail.sqlite3", timeout=1, isolation_level=None, check_same_thread=False)
        # EXCLUSIVE: a second server on the same letters would hand out the same UIDs.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "foreign_keys=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("PRAGMA synchronous=FULL")  # WAL + FULL = fsync at every commit
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def owners(self) -> set[str]:
        return {owner for (owner,) in self._db.execute("SELECT DISTINCT owner FROM folder")}

    def folders(self, owner: str) -> list[FolderRow]:
        rows = self._db.execute(
            "SELECT id, owner, name, uidvalidity, uidnext FROM folder WHERE owner = ? ORDER BY id",
            (owner,),
        )
        return [FolderRow(*row) for row in rows]

    def create(self, owner: str, name: str) -> FolderRow:
        """A new empty folder; its UIDVALIDITY was never used before, by whatever folder."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            (last,) = self._db.execute("SELECT max(value) FROM last_uidvalidity").fetchone()
            uidvalidity = max(int(time.time()), (last or 0) + 1)
            self._db.execute("DELETE FROM last_uidvalidity")
            self._db.execute("INSERT INTO last_uidvalidity VALUES (?)", (uidvalidity,))
            self._db.execute(
                "INSERT INTO folder (owner, name, uidvalidity) VALUES (?, ?, ?)",
                (owner, name, uidvalidity),
            )
        return next(row for row in self.folders(owner) if row.name == name)

    def delete(self, folder_id: int) -> None:
        self._db.execute("DELETE FROM folder WHERE id = ?", (folder_id,))

    def letters(self, folder_id: int) -> list[Letter]:
        rows = self._db.execute(
            "SELECT uid, received, flags, size FROM letter WHERE folder = ? ORDER BY uid",
            (folder_id,),
        )
        return [
            Letter(uid, datetime.fromisoformat(received), frozenset(flags.split()), size)
            for uid, received, flags, size in rows
        ]

    def raw(self, folder_id: int, uid: int) -> bytes | None:
        """The letter byte for byte, or None when it is gone."""
        row = self._db.execute("SELECT raw FROM letter WHERE folder = ? AND uid = ?", (folder_id, uid)).fetchone()
        return bytes(row[0]) if row else None

    def append(self, folder_id: int, raw: bytes, *, received: datetime, flags: Iterable[str] = ()) -> Letter:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            (uid,) = self._db.execute(
                "UPDATE folder SET uidnext = uidnext + 1 WHERE id = ? RETURNING uidnext - 1",
                (folder_id,),
            ).fetchone()
            letter = Letter(uid, received, frozenset(flags), len(raw))
            self._db.execute(
                "INSERT INTO letter VALUES (?, ?, ?, ?, ?, ?)",
                (folder_id, uid, received.isoformat(), _joined(letter.flags), letter.size, raw),
            )
        return letter

    def set_flags(self, folder_id: int, uid: int, flags: frozenset[str]) -> None:
        self._db.execute(
            "UPDATE letter SET flags = ? WHERE folder = ? AND uid = ?",
            (_joined(flags), folder_id, uid),
        )

    def expunge(self, folder_id: int, uids: Iterable[int]) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "DELETE FROM letter WHERE folder = ? AND uid = ?",
                [(folder_id, uid) for uid in uids],
            )


def _joined(flags: Iterable[str]) -> str:
    return " ".join(sorted(flags))
