"""Letters that were there before: how many of them a folder takes in, and how far it has come.

New letters always go first; old ones follow in slices, so that a mailbox with many thousands of letters is of use
from its first minute. How far the slices have come is written with the rows, so a kill costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import F

from mailbox.imap import ImapSession
from mailbox.models import Folder, Mailbox, Receipt

# Old letters taken in before somebody looks for new ones again.
SLICE = 200
# A renumbered folder is read again this far before the last good look; doubles are told by content.
RESCAN = timedelta(days=7)


def begin(folder: Folder, session: ImapSession, now: datetime) -> None:
    """The first good look, or the server has numbered the letters anew: set all cursors, forget nothing."""
    is_first, was_unfinished = folder.connected_at is None, is_unfinished(folder)
    end = session.next_uid()
    folder.uidvalidity, folder.next_uid = session.uidvalidity, end
    if is_first:
        folder.connected_at = now
    else:
        # Letters that came while the numbers changed are new ones, not old ones.
        window = ((folder.last_ok_at or folder.connected_at or now) - RESCAN).date()
        folder.next_uid = end = _first_since(session, window) or end
    if is_first or was_unfinished:
        _span(folder, session, _first_wanted(folder.mailbox, session, folder.connected_at or now, end), end)
    else:
        folder.first_uid, folder.left_out = end, _count(session, 1, end)
        folder.old_next_uid = folder.old_end_uid = folder.old_total = folder.old_done = 0
    folder.save(
        update_fields=["connected_at", "uidvalidity", "next_uid", "first_uid", "left_out", "old_next_uid",
                       "old_end_uid", "old_total", "old_done"]
    )  # fmt: skip


@transaction.atomic
def ask_for_older(mailbox: Mailbox, start: str, days: int = 0) -> None:
    """Take in also what is older: the letters of the last `days`, or all. The watcher begins at its next look."""
    mailbox.start, mailbox.start_days = start, days or mailbox.start_days
    mailbox.save(update_fields=["start", "start_days"])
    connected = mailbox.folders.select_for_update().exclude(connected_at=None)
    # Without a beginning: only the server can tell it.
    connected.filter(old_next_uid__gte=F("old_end_uid")).update(old_end_uid=F("first_uid"), old_next_uid=0)
    connected.filter(old_next_uid__lt=F("old_end_uid")).update(old_next_uid=0)


def is_unfinished(folder: Folder) -> bool:
    """Whether old letters are still to come."""
    return folder.old_next_uid < folder.old_end_uid


def find_beginning(folder: Folder, session: ImapSession, now: datetime) -> None:
    """Answer ask_for_older(): where the old letters begin. Those that are stored already are passed over later."""
    if folder.old_next_uid or not folder.old_end_uid:
        return
    wanted = _first_wanted(folder.mailbox, session, now, folder.old_end_uid)
    _span(folder, session, min(wanted, folder.first_uid), folder.old_end_uid)
    folder.save(update_fields=["first_uid", "left_out", "old_next_uid", "old_end_uid", "old_total", "old_done"])


def next_slice(folder: Folder, session: ImapSession) -> list[int]:
    """The next old UIDs, ascending; empty when there are no more."""
    blocks = session.uid_blocks(folder.old_next_uid, before=folder.old_end_uid)
    return list(islice((uid for block in blocks for uid in block), SLICE))


def finish(folder: Folder) -> None:
    """No old letters are left; some may have been removed from the server meanwhile."""
    here = Folder.objects.filter(pk=folder.pk, uidvalidity=folder.uidvalidity, old_next_uid=folder.old_next_uid)
    here.update(old_next_uid=F("old_end_uid"), old_total=F("old_done"))
    folder.old_next_uid = folder.old_end_uid


def pass_by(folder: Folder, uids: Sequence[int]) -> None:
    """Old letters up to the last of these are dealt with; in the transaction that writes their rows."""
    passed = [uid for uid in uids if uid >= folder.old_next_uid]
    if not passed:
        return
    here = Folder.objects.filter(pk=folder.pk, uidvalidity=folder.uidvalidity, old_next_uid=folder.old_next_uid)
    here.update(old_next_uid=passed[-1] + 1, old_done=F("old_done") + len(passed))
    folder.old_next_uid = passed[-1] + 1


def is_old(folder: Folder, received_at: datetime) -> bool:
    """Whether the letter lay there long before the mailbox was connected."""
    connected = folder.connected_at
    return connected is not None and received_at < connected - timedelta(hours=settings.MAIL_OLD_AFTER_HOURS)


def stored_among(folder: Folder, uids: Sequence[int]) -> set[int]:
    """Those of these ascending UIDs that have a row."""
    rows = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity, uid__range=(uids[0], uids[-1]))
    return {uid for uid in rows.values_list("uid", flat=True) if uid}


def _first_wanted(mailbox: Mailbox, session: ImapSession, now: datetime, end: int) -> int:
    """Where the letters begin that the mailbox is to take in, below `end`."""
    if mailbox.start == Mailbox.Start.NOW:
        return end
    if mailbox.start == Mailbox.Start.ALL:
        return min(1, end)
    return min(_first_since(session, (now - timedelta(days=mailbox.start_days)).date()) or end, end)


def _span(folder: Folder, session: ImapSession, first: int, end: int) -> None:
    """Old letters are those from `first` on, below `end`."""
    folder.first_uid, folder.left_out = first, _count(session, 1, first)
    folder.old_next_uid, folder.old_end_uid = first, end
    folder.old_total, folder.old_done = _count(session, first, end), 0


def _first_since(session: ImapSession, day: date) -> int:
    """The smallest UID received on or after this day; 0 if there is none."""
    return next((block[0] for block in session.uid_blocks(1, since=day)), 0)


def _count(session: ImapSession, first: int, end: int) -> int:
    return sum(len(block) for block in session.uid_blocks(first, before=end)) if first < end else 0
