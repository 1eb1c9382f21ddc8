"""The nightly comparison: every letter that a server shows must stand in the ledger, with its bytes in the store.

What is missing is counted, written down and fetched. Reads only; block by block, so that a folder with a million
letters costs no memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from django.conf import settings

from mailbox import connecting, fetching, mailboxes, store
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Folder, Receipt, Reconciliation
from mailbox.sealing import WrongKey

logger = logging.getLogger(__name__)

# Older bytes are in the backups, and were looked at when they were young.
YOUNG = timedelta(days=2)
# So many missing letters are named.
MOST_NAMED = 1000
RENUMBERED = "the server has numbered its letters anew: they are compared when the watcher has read them again"
NOT_CONNECTED = "the watcher has not read this folder yet"


def reconcile_all(clock: Callable[[], datetime]) -> list[Reconciliation]:
    """Compare every watched folder; one that cannot be read does not stop the others, and gets a row that says so."""
    rows = []
    for folder in mailboxes.watched_folders():
        try:
            with ImapSession(mailboxes.account_of(folder.mailbox), folder.name) as session:
                rows.append(reconcile(folder, session, now=clock()))
        except (LoginRefused, WrongKey, *BROKEN) as error:
            rows.append(Reconciliation.objects.create(folder=folder, at=clock(), error=str(error)[:1000]))
        logger.info("reconcile: %s", told(rows[-1]))
    return rows


def reconcile(folder: Folder, session: ImapSession, *, now: datetime) -> Reconciliation:
    """Compare one folder, fetch what is missing, and keep what was found. Raises imap.BROKEN."""
    folder.refresh_from_db()
    row = Reconciliation(folder=folder, at=now)
    if folder.connected_at is None or folder.uidvalidity != session.uidvalidity:
        row.error = RENUMBERED if folder.connected_at else NOT_CONNECTED
        row.save()
        return row
    missing = _compare(folder, session, row, now)
    lost = _without_bytes(folder, now)
    row.missing, row.without_bytes = missing[:MOST_NAMED], len(lost)
    row.save()
    # Only now: what is fetched first would not be missing any more.
    fetching.take(folder, session, missing, now)
    fetching.restore(folder, session, lost, now)
    return row


def is_good(row: Reconciliation) -> bool:
    """Whether server and ledger agree."""
    return not (row.missing or row.without_bytes or row.error)


def told(row: Reconciliation) -> str:
    """One line for the log and the terminal."""
    if row.error:
        return f"{row.folder}: {row.error}"
    facts = f"{row.on_server} on the server, {row.in_ledger} of them in the ledger, {row.gone} gone from the server"
    named = ", ".join(map(str, row.missing[:10])) + (", …" if len(row.missing) > 10 else "")
    missing = f"; MISSING, fetched now: {named}" if row.missing else ""
    lost = f"; WITHOUT BYTES, fetched again: {row.without_bytes}" if row.without_bytes else ""
    return f"{row.folder}: {facts}{missing}{lost}"


def _compare(folder: Folder, session: ImapSession, row: Reconciliation, now: datetime) -> list[int]:
    """Fill in the numbers; returns the UIDs that should stand in the ledger and do not."""
    kept_from = (now - timedelta(days=settings.UNJOINED_LETTER_KEEP_DAYS) + YOUNG).date()
    here = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity)
    compared = folder.first_uid - 1
    missing: list[int] = []
    for block in session.uid_blocks(folder.first_uid):
        ledger = set(here.filter(uid__gt=compared, uid__lte=block[-1]).values_list("uid", flat=True))
        row.on_server += len(block)
        row.in_ledger += len(ledger.intersection(block))
        row.gone += len(ledger.difference(block))
        missing += _not_swept(session, [uid for uid in block if uid not in ledger and _is_due(folder, uid)], kept_from)
        compared = block[-1]
    # Those that came while we compared are not gone.
    row.gone += here.filter(uid__gt=compared, uid__lt=folder.next_uid).count()
    return missing


def _is_due(folder: Folder, uid: int) -> bool:
    """Whether the watcher had come by this letter when the comparison began."""
    is_waiting = connecting.is_unfinished(folder) and folder.old_next_uid <= uid < folder.old_end_uid
    return uid < folder.next_uid and not is_waiting


def _not_swept(session: ImapSession, uids: list[int], kept_from: date) -> list[int]:
    """Without those so old that `manage.py cleanup` has deleted their rows."""
    if not uids:
        return []
    young = session.uid_blocks(uids[0], before=uids[-1] + 1, since=kept_from)
    return sorted(set(uids).intersection(uid for block in young for uid in block))


def _without_bytes(folder: Folder, now: datetime) -> list[int]:
    young = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity, stored_at__gte=now - YOUNG)
    rows: Iterable[tuple[int | None, str]] = young.exclude(sha256="").values_list("uid", "sha256").order_by("uid")
    return [uid for uid, sha256 in rows if uid and not store.path(sha256).exists()]
