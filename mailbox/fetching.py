"""From a folder on the server to Receipt rows: bytes first, then rows and cursor in one transaction.

Safe to repeat and to interrupt anywhere: what is not committed is fetched again, what is committed is refused
as a double by the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest

from mailbox import connecting, imap, store
from mailbox.imap import CHUNK, ImapSession, Listed, Vanished
from mailbox.imap_client import Cut
from mailbox.models import Email, Folder, Receipt

# On clustered servers a letter may become visible after a later one: the last few are looked at again.
LOOK_BACK = 100
# So much is asked for at once.
BATCH_BYTES = 8 * 2**20
# A pass takes no more new letters than this; the next one follows at once.
MOST_NEW = 500
# So much of a letter is kept that is larger than MAIL_MAX_BYTES.
CUT_BYTES = 2**20
# The server named these but did not hand them over; when they are asked for again.
PLAN = [
    timedelta(), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1),
    timedelta(hours=4), timedelta(hours=12), timedelta(days=1), timedelta(days=1),
]  # fmt: skip
EMPTY_HANDED = "the server named this letter and did not hand it over"


@dataclass(frozen=True, slots=True)
class Pass:
    """What one look at a folder brought, and whether more is known to be there."""

    stored: int
    unfinished: bool


def fetch(folder: Folder, session: ImapSession, *, now: datetime) -> Pass:
    """Store new letters, then a slice of the old ones that are still to come.

    Raises imap.BROKEN and store.NotStored; what was stored before that stays stored.
    """
    folder.refresh_from_db()
    if folder.uidvalidity != session.uidvalidity or folder.connected_at is None:
        connecting.begin(folder, session, now)
    connecting.find_beginning(folder, session, now)
    new = _new_uids(folder, session, now)
    tried = new[:MOST_NEW]
    stored = take(folder, session, tried, now)
    _count_removed(folder, tried, now)
    unfinished = len(new) > MOST_NEW
    if not unfinished and connecting.is_unfinished(folder):
        stored += _take_slice(folder, session, now)
        unfinished = connecting.is_unfinished(folder)
    Folder.objects.filter(pk=folder.pk).update(last_ok_at=now, last_error="", failed_since=None)
    return Pass(stored, unfinished)


def fetch_all(folder: Folder, session: ImapSession, clock: Callable[[], datetime]) -> int:
    """Pass after pass until nothing is left; returns how many letters were stored."""
    stored = 0
    while True:
        done = fetch(folder, session, now=clock())
        stored += done.stored
        if not done.unfinished:
            return stored
        session.refresh()


def batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    """Groups that fit into one answer; a letter larger than a piece stands alone."""
    batch: list[Listed] = []
    total = 0
    for each in listed:
        if batch and (total + each.size > BATCH_BYTES or len(batch) == CHUNK or each.size > imap.PIECE_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(each)
        total += each.size
    if batch:
        yield batch


def note_failure(folder: Folder, error: str, *, now: datetime) -> None:
    """Remember since when the folder cannot be read, and why, for the page that shows it."""
    here = Folder.objects.filter(pk=folder.pk)
    here.filter(failed_since=None).update(failed_since=now)
    here.update(last_error=error[:1000])


def take(folder: Folder, session: ImapSession, uids: Sequence[int], now: datetime) -> int:
    """Store these letters, ascending, a batch at a time; returns how many the server handed over."""
    stored = 0
    for batch in batches(session.listed(uids, now)):
        rows = list(_receipts(folder, session, batch))
        with transaction.atomic():
            _write(folder, rows, now)
            _move_cursor(folder, batch[-1].uid + 1)
        stored += sum(bool(row.sha256) for row in rows)
    return stored


def restore(folder: Folder, session: ImapSession, uids: Sequence[int], now: datetime) -> int:
    """Store the bytes of letters anew whose rows exist; returns how many are what they were."""
    known = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity)
    restored = 0
    for batch in batches(session.listed(uids, now)):
        names = {row.uid: row.sha256 for row in _receipts(folder, session, batch)}
        restored += sum(names.get(row.uid) == row.sha256 for row in known.filter(uid__in=list(names)))
    return restored


def _take_slice(folder: Folder, session: ImapSession, now: datetime) -> int:
    """Old letters; how far they have come is written with their rows."""
    uids = connecting.next_slice(folder, session)
    if not uids:
        connecting.finish(folder)
        return 0
    stored, known = 0, connecting.stored_among(folder, uids)
    for batch in batches(session.listed([uid for uid in uids if uid not in known], now)):
        rows = list(_receipts(folder, session, batch))
        with transaction.atomic():
            _write(folder, rows, now)
            connecting.pass_by(folder, [uid for uid in uids if uid <= batch[-1].uid])
        stored += sum(bool(row.sha256) for row in rows)
    # The last ones may be stored already, or removed from the server meanwhile.
    connecting.pass_by(folder, uids)
    return stored


def _new_uids(folder: Folder, session: ImapSession, now: datetime) -> list[int]:
    bottom = folder.old_end_uid if connecting.is_unfinished(folder) else folder.first_uid
    start = max(bottom, folder.next_uid - LOOK_BACK)
    here = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity)
    new = set(session.uids_from(start)) - _uids(here.filter(uid__gte=start))
    return sorted(_not_swept(folder, session, new, now) | _uids(here.filter(_asked_again(now))))


def _not_swept(folder: Folder, session: ImapSession, uids: set[int], now: datetime) -> set[int]:
    """Without those that had a row until they became so old that `manage.py cleanup` deleted it."""
    seen = [uid for uid in uids if uid < folder.next_uid]
    kept_from = now - timedelta(days=settings.UNJOINED_LETTER_KEEP_DAYS)
    swept = {each.uid for each in session.listed(sorted(seen), now) if each.received_at < kept_from}
    return uids - swept


def _asked_again(now: datetime) -> Q:
    return Q(sha256="", next_try_at__lt=now)


def _uids(receipts: QuerySet[Receipt]) -> set[int]:
    return {uid for uid in receipts.values_list("uid", flat=True) if uid}


def _receipts(folder: Folder, session: ImapSession, batch: Sequence[Listed]) -> Iterator[Receipt]:
    """Rows for these letters; their bytes are on the disk."""
    most_whole = min(imap.PIECE_BYTES, settings.MAIL_MAX_BYTES)
    found = session.bodies([each.uid for each in batch if each.size <= most_whole])
    whole = {uid: raw for uid, raw in found.items() if not isinstance(raw, Cut)}
    names = dict(zip(whole, store.put_all(list(whole.values())), strict=True))
    for each in batch:
        if each.uid in whole:
            yield _receipt(folder, each, names[each.uid], len(whole[each.uid]))
        elif each.uid in found or each.size > most_whole:
            yield from _large(folder, session, each)
        else:
            yield _receipt(folder, each, "", each.size)


def _large(folder: Folder, session: ImapSession, listed: Listed) -> Iterator[Receipt]:
    """The row of a letter that goes to the disk piece by piece; none if it was removed on the way."""
    most = settings.MAIL_MAX_BYTES
    if listed.size > most:
        most = min(most, CUT_BYTES)
    last = b""

    def pieces() -> Iterator[bytes]:
        nonlocal last
        for piece in session.pieces(listed.uid, most):
            last = piece
            yield piece

    try:
        stored = store.put_stream(pieces())
    except Vanished:
        return
    is_cut = isinstance(last, Cut) and stored.size != listed.size
    size = max(listed.size, stored.size + 1) if is_cut else stored.size
    yield _receipt(folder, listed, stored.sha256 if stored.size else "", size)


def _receipt(folder: Folder, listed: Listed, sha256: str, size: int) -> Receipt:
    return Receipt(
        folder=folder,
        uidvalidity=folder.uidvalidity,
        uid=listed.uid,
        direction=Email.Direction.OUT if folder.role == Folder.Role.SENT else Email.Direction.IN,
        sha256=sha256,
        size=size,
        received_at=listed.received_at,
        is_old=connecting.is_old(folder, listed.received_at),
        state=Receipt.State.NEW if sha256 else Receipt.State.QUARANTINED,
        reason="" if sha256 else EMPTY_HANDED,
    )


def _write(folder: Folder, rows: Sequence[Receipt], now: datetime) -> None:
    whole = [row for row in rows if row.sha256]
    for row in rows:
        if not row.sha256:
            _count_attempt(row, now)
    # A letter that came at last takes the place of the row that stood for it.
    here = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity, sha256="")
    here.filter(uid__in=[row.uid for row in whole]).delete()
    Receipt.objects.bulk_create(whole, ignore_conflicts=True)
    if whole:
        newest = max(row.received_at for row in whole)
        Folder.objects.filter(pk=folder.pk).update(last_letter_at=Greatest("last_letter_at", newest))


def _move_cursor(folder: Folder, cursor: int) -> None:
    here = Folder.objects.filter(pk=folder.pk, uidvalidity=folder.uidvalidity, next_uid__lt=cursor)
    here.update(next_uid=cursor)
    folder.next_uid = max(folder.next_uid, cursor)


def _count_attempt(row: Receipt, now: datetime) -> None:
    """One row stands for a letter that the server does not hand over, so that it is seen and asked for again."""
    row.attempts, row.next_try_at = 1, now + PLAN[0]
    Receipt.objects.bulk_create([row], ignore_conflicts=True)
    known = Receipt.objects.select_for_update().get(folder=row.folder, uidvalidity=row.uidvalidity, uid=row.uid)
    if known.sha256 or known.next_try_at == row.next_try_at:
        return
    known.attempts += 1
    known.next_try_at = now + PLAN[known.attempts - 1] if known.attempts <= len(PLAN) else None
    known.save(update_fields=["attempts", "next_try_at"])


def _count_removed(folder: Folder, uids: Sequence[int], now: datetime) -> None:
    """Letters that were asked for again, and that the server names no more."""
    here = Receipt.objects.filter(folder=folder, uidvalidity=folder.uidvalidity, uid__in=uids)
    here.filter(_asked_again(now)).update(next_try_at=None)
