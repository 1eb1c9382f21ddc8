"""Letters handed to the watcher's own code as a server would hand them over, without a network between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from bench.shapes import OUT, Letter

if TYPE_CHECKING:
    from mailbox.imap import ImapSession, Listed
    from mailbox.models import Folder

# So many arrive between two looks of the watcher.
ARRIVING = 200


class Shelf:
    """Both folders of a mailbox; what is put here gets the next UIDs and is stored."""

    def __init__(self, address: str, connected_at: datetime) -> None:
        from mailbox.models import Folder, Mailbox

        mailbox = Mailbox.objects.create(address=address, host="shelf.example", login=address)
        facts = {"mailbox": mailbox, "uidvalidity": 1, "connected_at": connected_at}
        self._folders = {
            role: Folder.objects.create(name=role, role=role, **facts) for role in (Folder.Role.INBOX, Folder.Role.SENT)
        }
        self._next_uid = 1

    def put(self, letters: Sequence[Letter], now: datetime) -> None:
        """Have the letters stored in the order of their arrival, a look after a look."""
        for start in range(0, len(letters), ARRIVING):
            for folder in self._folders.values():
                is_sent = folder.role == "sent"
                self._take(
                    folder,
                    [each for each in letters[start : start + ARRIVING] if (each.direction == OUT) == is_sent],
                    now,
                )

    def _take(self, folder: Folder, letters: Sequence[Letter], now: datetime) -> None:
        from mailbox import fetching

        shown = {self._next_uid + n: letter.raw for n, letter in enumerate(letters)}
        self._next_uid += len(letters)
        fetching.take(folder, cast("ImapSession", _Shown(shown)), list(shown), now)


class _Shown:
    """What an ImapSession would say of these letters."""

    def __init__(self, letters: dict[int, bytes]) -> None:
        self._letters = letters

    def listed(self, uids: Sequence[int], now: datetime) -> Iterator[Listed]:
        from mailbox.imap import Listed

        for uid in uids:
            yield Listed(uid, len(self._letters[uid]), now)

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        return {uid: self._letters[uid] for uid in uids}
