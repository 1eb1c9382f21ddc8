"""A process of its own that takes letters from a server without a database, and says what that cost.

    python -m tests.mailbox.taking PORT LOGIN PASSWORD STORE MOST LIMIT

LIMIT: RLIMIT_FSIZE in bytes, or 0. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any


def take(port: int, login: str, password: str, most: int) -> dict[str, Any]:
    from django.conf import settings
    from django.utils import timezone

    from mailbox import fetching
    from mailbox.imap import Account, ImapSession
    from mailbox.models import Folder

    settings.MAIL_MAX_BYTES = most
    folder = Folder(role="inbox")
    rows, error = [], ""
    with ImapSession(Account("127.0.0.1", port, "none", login, password), "INBOX") as session:
        try:
            for batch in fetching.batches(session.listed(session.uids_from(1), timezone.now())):
                rows += list(fetching._receipts(folder, session, batch))
        except OSError as failed:
            error = f"{type(failed).__name__}: {failed}"
    return {"rows": [(row.uid, row.sha256, row.size) for row in rows], "error": error}


def main() -> None:
    port, login, password, store, most, limit = sys.argv[1:]
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.conf import settings

    django.setup()
    settings.LETTER_STORE = store
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    took = take(int(port), login, password, int(most))
    print(json.dumps({**took, "rss": most_memory()}))


def most_memory() -> int:
    """The most this process ever needed, in bytes; getrusage() would count the process that started us."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
