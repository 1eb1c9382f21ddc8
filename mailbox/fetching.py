"""From a folder on the server to Receipt rows: bytes first, then row and cursor in one transaction.

Safe to repeat and to interrupt anywhere: what is not committed is fetched again, what is committed is refused
as a double by the database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from mailbox import store
from mailbox.imap import ImapSession, Listed, readable
from mailbox.models import Email, Folder, Mailbox, Receipt

logger = logging.getLogger(__name__)

# On clustered servers a letter may become visible after a later one: the last few are looked at again.
LOOK_BACK = 100
# A renumbered folder is read again this far before the last good look; doubles are told by content.
RESCAN = timedelta(days=7)
# The server named these but did not hand them over; they are asked for again this many times.
MOST_ATTEMPTS = 10
EMPTY_HANDED = "the server named this letter and did not hand it over"


def folders(account: Mapping[str, Any]) -> list[Folder]:
    """The folders of the account that are watched, with their cursors; Sent is found if it is not named.

    Raises what ImapSession raises.
    """
    row = Mailbox.objects.get_or_create(address=account["address"], defaults={"from_settings": True})[0]
    known = [folder for folder in row.folders.all() if _is_wanted(folder, account)]
    if {folder.role for folder in known} == set(Folder.Role):
        return known
    with ImapSession(account, account["inbox"]) as session:
        sent = session.spelling_of(account["sent"]) if account["sent"] else session.sent_folder()
    if not sent:
        logger.warning("mail: %s has no folder of sent letters; answers from there are not read", account["host"])
    named = [(account["inbox"], Folder.Role.INBOX)] + ([(sent, Folder.Role.SENT)] if sent else [])
    return [Folder.objects.get_or_create(mailbox=row, name=name, defaults={"role": role})[0] for name, role in named]


def _is_wanted(folder: Folder, account: Mapping[str, Any]) -> bool:
    """Whether this is still the folder that the settings name; they may have changed since it was found."""
    name = account["inbox"] if folder.role == Folder.Role.INBOX else account["sent"]
    return not name or readable(folder.name) == readable(name)


def fetch(folder: Folder, session: ImapSession, *, now: datetime) -> int:
    """Store every letter of the folder that is not stored yet; returns how many. Raises imap.BROKEN."""
    folder.refresh_from_db()
    if folder.uidvalidity != session.uidvalidity:
        _restart(folder, session, now)
    missing = _missing_uids(folder, session)
    stored = 0
    batch: list[tuple[Listed, bytes | None]] = []
    for pair in session.raw(session.listed(missing), settings.MAIL_MAX_BYTES):
        batch.append(pair)
        if sum(len(raw or b"") for _, raw in batch) > 4 * 2**20 or len(batch) >= 50:
            stored += _store(folder, batch)
            batch = []
    stored += _store(folder, batch)
    Folder.objects.filter(pk=folder.pk).update(last_ok_at=now, last_error="", failed_since=None)
    return stored


def note_failure(folder: Folder, error: str, *, now: datetime) -> None:
    """Remember since when the folder cannot be read, and why, for the page that shows it."""
    row = Folder.objects.get(pk=folder.pk)
    row.last_error, row.failed_since = error[:1000], row.failed_since or now
    row.save(update_fields=["last_error", "failed_since"])


def _restart(folder: Folder, session: ImapSession, now: datetime) -> None:
    """The first look, or the server renumbered the folder: begin at a date, forget nothing."""
    first = 1
    if folder.last_ok_at:
        first = session.first_uid_since((folder.last_ok_at - RESCAN).date())
    elif settings.MAIL_FIRST_LOOK_DAYS:
        first = session.first_uid_since((now - timedelta(days=settings.MAIL_FIRST_LOOK_DAYS)).date())
    folder.uidvalidity, folder.next_uid, folder.first_uid = session.uidvalidity, first, first
    folder.save(update_fields=["uidvalidity", "next_uid", "first_uid"])


def _missing_uids(folder: Folder, session: ImapSession) -> list[int]:
    start = max(folder.first_uid, folder.next_uid - LOOK_BACK)
    uids = session.uids_from(start)
    here = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity)
    stored = _uids(here.filter(uid__gte=start).exclude(sha256=""))
    given_up = _uids(here.filter(sha256="", attempts__gte=MOST_ATTEMPTS))
    waiting = _uids(here.filter(sha256="", attempts__lt=MOST_ATTEMPTS))
    return sorted((set(uids) - stored - given_up) | waiting)


def _uids(receipts: QuerySet[Receipt]) -> set[int]:
    return {uid for uid in receipts.values_list("uid", flat=True) if uid}


def _store(folder: Folder, batch: Iterable[tuple[Listed, bytes | None]]) -> int:
    """Bytes to the disk, then rows and cursor together."""
    direction = Email.Direction.OUT if folder.role == Folder.Role.SENT else Email.Direction.IN
    rows = [_receipt(folder, direction, listed, raw) for listed, raw in batch]
    if not rows:
        return 0
    with transaction.atomic():
        for row in rows:
            if not row.sha256:
                _count_attempt(row)
        whole = [row for row in rows if row.sha256]
        # A letter that came at last takes the place of the row that stood for it.
        Receipt.objects.filter(
            folder=folder, uidvalidity=folder.uidvalidity, uid__in=[row.uid for row in whole], sha256=""
        ).delete()
        Receipt.objects.bulk_create(whole, ignore_conflicts=True)
        cursor = max(folder.next_uid, *(row.uid + 1 for row in rows if row.uid))
        Folder.objects.filter(pk=folder.pk, uidvalidity=folder.uidvalidity, next_uid__lt=cursor).update(next_uid=cursor)
    folder.next_uid = cursor
    return len(whole)


def _receipt(folder: Folder, direction: str, listed: Listed, raw: bytes | None) -> Receipt:
    return Receipt(
        folder=folder,
        uidvalidity=folder.uidvalidity,
        uid=listed.uid,
        direction=direction,
        sha256=store.put(raw) if raw else "",
        # A letter fetched whole has the size it has, whatever the server announced.
        size=len(raw) if raw and listed.size <= settings.MAIL_MAX_BYTES else listed.size,
        received_at=listed.received_at,
        state=Receipt.State.NEW if raw else Receipt.State.QUARANTINED,
        reason="" if raw else EMPTY_HANDED,
    )


def _count_attempt(row: Receipt) -> None:
    """One row stands for a letter that the server does not hand over, so that it is seen and asked for again."""
    known, created = Receipt.objects.get_or_create(
        folder=row.folder,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        defaults={
            "direction": row.direction,
            "size": row.size,
            "received_at": row.received_at,
            "state": row.state,
            "reason": row.reason,
            "attempts": 1,
        },
    )
    if not created and not known.sha256:
        Receipt.objects.filter(pk=known.pk).update(attempts=known.attempts + 1)
