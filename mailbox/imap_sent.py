"""The folder of sent letters over IMAP: which ids it holds, and the only thing we ever write: a copy of our letter."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import compat32

from mailbox.imap import CHUNK, ImapSession, understood

# Of what came since then; the newest, should somebody send thousands a day.
MOST = 3000
_ID = re.compile(r"<[^<>\s]+>")
_FIELD = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"


class SentSession(ImapSession):
    """A connection to a folder of sent letters. Raises what ImapSession does."""

    def ids_since(self, moment: datetime) -> frozenset[str]:
        """The Message-IDs of the letters that came since then.

        Read one by one: some servers find nothing by SEARCH HEADER (imap.yandex.ru), and every server's days begin
        at another hour.
        """
        day = (moment - timedelta(days=1)).date()
        uids = [uid for block in self.uid_blocks(1, since=day) for uid in block][-MOST:]
        found = set[str]()
        for start in range(0, len(uids), CHUNK):
            rows, _refused = self._fetch(uids[start : start + CHUNK], _FIELD)
            for row in rows.values():
                found |= _ids_in(next((value for key, value in row.items() if key.startswith(b"BODY[")), b""))
        return frozenset(found)

    def keep(self, raw: bytes, at: datetime) -> None:
        """Put a copy of our letter here, read already."""
        with understood():
            self._client.append(self._folder, raw, flags=[b"\\Seen"], msg_time=at)


def _ids_in(header: bytes | None) -> set[str]:
    said = message_from_bytes(header or b"", policy=compat32).get_all("Message-ID", [])
    return {each for line in said for each in _ID.findall(str(line))}
