"""What an IMAP connection knows between commands, and how it tells of changes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.imap.fetch import flag_list
from demo.imap.folders import Folders, LiveFolder
from demo.imap.wire import No, number_set
from demo.mailstore import Letter

CAPABILITIES = (
    b"CAPABILITY IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID NAMESPACE CHILDREN SPECIAL-USE UIDPLUS UNSELECT MOVE IDLE"
)

CheckPassword = Callable[[str, str], bool]


@dataclass
class Faults:
    """How the server misbehaves at the moment; shared by all sessions."""

    refuse_login: bool = False
    refuse_connections: bool = False
    healthy: asyncio.Event = field(default_factory=asyncio.Event)  # cleared while it hangs

    def __post_init__(self) -> None:
        self.healthy.set()


class Session:
    """Sequence numbers are places in `seen`: what the client was told, not what is there."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        folders: Folders,
        check_password: CheckPassword,
        faults: Faults,
    ) -> None:
        self.writer = writer
        self.folders = folders
        self.check_password = check_password
        self.faults = faults
        self.owner: str | None = None
        self.folder: LiveFolder | None = None
        self.read_only = False
        self.seen: list[int] = []
        self.changed = asyncio.Event()
        self._changed_flags: set[int] = set()
        self.over = False

    # --- answers

    def send(self, line: bytes) -> None:
        self.writer.write(line + b"\r\n")

    def untagged(self, line: bytes) -> None:
        self.send(b"* " + line)

    # --- the open folder

    def open(self, folder: LiveFolder, *, read_only: bool) -> None:
        self.close()
        self.folder, self.read_only = folder, read_only
        self.seen = list(folder.letters)
        folder.watchers.add(self)

    def close(self) -> None:
        if self.folder is not None:
            self.folder.watchers.discard(self)
        self.folder, self.seen = None, []
        self._changed_flags.clear()
        self.changed.clear()

    def opened(self) -> LiveFolder:
        if self.folder is None:
            raise No("no folder is open")
        return self.folder

    def writable(self) -> LiveFolder:
        folder = self.opened()
        if self.read_only:
            raise No("[READ-ONLY] the folder is open read-only")
        return folder

    def folder_changed(self, uid: int | None) -> None:
        """Called by the folder for every change, this session's own included."""
        if uid is not None:
            self._changed_flags.add(uid)
        self.changed.set()

    def knows_flags(self, uid: int) -> None:
        """The client is just being told these flags: no need to repeat them."""
        self._changed_flags.discard(uid)

    def announce(self, *, expunges: bool) -> None:
        """Tell what changed. Expunges renumber, so not while numbers are in use (RFC 3501, 7.4.1)."""
        if self.folder is None or not self.changed.is_set():
            return
        letters = self.folder.letters
        if expunges:
            self.changed.clear()
            for number in range(len(self.seen), 0, -1):
                if self.seen[number - 1] not in letters:
                    self.untagged(b"%d EXPUNGE" % number)
                    del self.seen[number - 1]
        last = self.seen[-1] if self.seen else 0
        new = [uid for uid in letters if uid > last]
        if new:
            self.seen += new
            self.untagged(b"%d EXISTS" % len(self.seen))
        for uid in sorted(self._changed_flags & letters.keys()):
            number = self.seen.index(uid) + 1
            flags = flag_list(letters[uid].flags)
            self.untagged(b"%d FETCH (UID %d FLAGS %s)" % (number, uid, flags))
        self._changed_flags.clear()

    def chosen(self, numbers: str, *, by_uid: bool) -> list[tuple[int, Letter]]:
        """(number, letter) of the set that are still there; unknown numbers are passed over."""
        letters = self.opened().letters
        largest = (self.seen[-1] if by_uid else len(self.seen)) if self.seen else 0
        ranges = number_set(numbers, largest)
        return [
            (number, letters[uid])
            for number, uid in enumerate(self.seen, start=1)
            if uid in letters and any(low <= (uid if by_uid else number) <= high for low, high in ranges)
        ]
