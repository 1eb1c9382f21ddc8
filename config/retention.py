"""What nobody needs any more: old logs and backups, old letters without incident, bytes that no row points at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from config import backup
from incidents import composer_files, previews
from incidents.models import Draft, NoteFile, Presence, ReplyFile, WrittenLetter
from mailbox import store
from mailbox.models import Attachment, Email, Receipt
from sla.models import DeadlineWarning

BATCH = 1000
# Bytes are stored before the row that points at them, so a younger file may still be waiting for its row.
SETTLED = timedelta(days=1)
LEAVING, ARRIVING = "leaving-", "arriving-"
# A page that somebody still wants is drawn again in a blink.
PAGES_KEPT = timedelta(days=30)
# Half-written words of a quarter ago answer nobody any more; who looked at what means nothing after a minute.
DRAFTS_KEPT = timedelta(days=90)
PRESENCE_KEPT = timedelta(days=1)
# Whom a deadline was told to is asked within a quarter, by managers and in disputes.
WARNINGS_KEPT = timedelta(days=180)


@dataclass(frozen=True)
class Finding:
    what: str
    count: int
    size: int


def sweep(*, now: datetime, delete: bool) -> list[Finding]:
    """Find what is too old and, with `delete`, remove it. It may be repeated and interrupted at any moment."""
    return [
        _files(_("old log files"), _old_logs(now), delete=delete),
        _unread(now, delete=delete),
        _letters(now, delete=delete),
        _bytes(now, delete=delete),
        _files(_("drawn pages of files"), _old_pages(now, delete=delete), delete=delete),
        _rows(_("old drafts"), Draft.objects.filter(changed_at__lt=now - DRAFTS_KEPT), delete=delete),
        _rows(_("old files of letters that were not sent"), composer_files.outdated(now - DRAFTS_KEPT), delete=delete),
        _rows(_("old letters as they were typed"), _left_letters(now), delete=delete),
        _rows(_("marks of who looked"), Presence.objects.filter(seen_at__lt=now - PRESENCE_KEPT), delete=delete),
        _rows(_("old warnings"), _old_warnings(now), delete=delete),
        *_of_mirror(now, delete=delete),
        _files(_("old backups"), backup.outdated(now=now), delete=delete),
    ]


def _files(what: str, paths: Iterable[Path], *, delete: bool) -> Finding:
    count = size = 0
    for path in paths:
        count, size = count + 1, size + path.stat().st_size
        if delete:
            path.unlink(missing_ok=True)
    return Finding(what, count, size)


def _left_letters(now: datetime) -> QuerySet[WrittenLetter]:
    """What undo would have brought back: the letters themselves have left long ago."""
    return WrittenLetter.objects.exclude(outgoing=None).filter(written_at__lt=now - DRAFTS_KEPT)


def _old_warnings(now: datetime) -> QuerySet[DeadlineWarning]:
    """Of incidents that are still open they stay: they are the proof that it has been said."""
    return DeadlineWarning.objects.filter(at__lt=now - WARNINGS_KEPT, incident__closed_at__lt=now - WARNINGS_KEPT)


def _of_mirror(now: datetime, *, delete: bool) -> list[Finding]:
    """The app can be taken out of INSTALLED_APPS."""
    if not apps.is_installed("tracker_bridge"):
        return []
    from tracker_bridge import outdated

    return [
        _rows(_("old jobs of the mirror"), outdated.jobs(now), delete=delete),
        _rows(_("old conflicts with the tracker"), outdated.conflicts(now), delete=delete),
    ]


def _rows(what: str, old: QuerySet[Any], *, delete: bool) -> Finding:
    found = Finding(what, old.count(), 0)
    if delete:
        old.delete()
    return found


# --- Logs -------------------------------------------------------------------------------------


def _old_logs(now: datetime) -> list[Path]:
    """Log files without a new line for LOG_KEEP_DAYS that no process of this machine holds open."""
    before = (now - timedelta(days=settings.LOG_KEEP_DAYS)).timestamp()
    files = [path for path in sorted(Path(settings.LOG_DIR).rglob("*.log*")) if path.is_file()]
    old = [path for path in files if path.lstat().st_mtime < before]
    held = _held_open() if old else set()
    return [path for path in old if (path.stat().st_dev, path.stat().st_ino) not in held]


def _held_open() -> set[tuple[int, int]]:
    """Device and inode of every file that a process we may look at has open; Linux only."""
    held = set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found = descriptor.stat()
        except OSError:
            continue  # the process is gone, or somebody else's
        held.add((found.st_dev, found.st_ino))
    return held


# --- Letters ----------------------------------------------------------------------------------


def _unread(now: datetime, *, delete: bool) -> Finding:
    """Quarantined letters that nobody could read, and nobody repaired in all that time."""
    old = Receipt.objects.filter(state=Receipt.State.QUARANTINED, email=None, received_at__lt=_keep_from(now))
    found = _counted(_("old letters that could not be read"), old)
    if delete:
        old.delete()
    return found


def _letters(now: datetime, *, delete: bool) -> Finding:
    # A letter that somebody corrected is a test of the rules, for as long as there are rules.
    # One that we sent, or answered by itself, counts for what may be sent next.
    old = Email.objects.filter(
        place=None, reading_case=None, outgoing=None, answers_sent=None, received_at__lt=_keep_from(now)
    )
    found = _counted(_("old letters without incident"), old)
    last = 0
    while delete and (batch := list(old.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])):
        _delete_letters(batch)
        last = batch[-1]
    return found


def _keep_from(now: datetime) -> datetime:
    return now - timedelta(days=settings.UNJOINED_LETTER_KEEP_DAYS)


def _counted(what: str, rows: QuerySet[Email] | QuerySet[Receipt]) -> Finding:
    return Finding(what, rows.count(), rows.aggregate(total=Sum("size"))["total"] or 0)


@transaction.atomic
def _delete_letters(batch: list[int]) -> None:
    """Delete those that still belong to no incident; their bytes go when no row points at them."""
    # Lock first, look again afterwards: whoever puts a letter into an incident now waits for us, or we for him.
    locked = list(Email.objects.select_for_update().filter(pk__in=batch).values_list("pk", flat=True))
    free = Email.objects.filter(pk__in=locked, place=None, reading_case=None)
    alone = list(free.values_list("pk", flat=True))
    Receipt.objects.filter(email__in=alone).delete()
    Email.objects.filter(pk__in=alone).delete()


# --- Bytes ------------------------------------------------------------------------------------


def _bytes(now: datetime, *, delete: bool) -> Finding:
    before = (now - SETTLED).timestamp()
    count = size = 0
    for path in _unneeded(before):
        length = path.stat().st_size
        if not delete or _remove(path, before):
            count, size = count + 1, size + length
    return Finding(_("stored files that no letter needs"), count, size)


def _unneeded(before: float) -> Iterator[Path]:
    """Settled files of the letter store that no row names, and what writers left that died."""
    files = _settled(before)
    while batch := list(islice(files, BATCH)):
        names = [path.name for path in batch]
        needed = {
            sha256
            for model in (Email, Receipt, Attachment, ReplyFile, NoteFile)
            for sha256 in model._default_manager.filter(sha256__in=names).values_list("sha256", flat=True)
        }
        yield from (path for path in batch if path.name not in needed)


def _settled(before: float) -> Iterator[Path]:
    for folder, _folders, names in os.walk(settings.LETTER_STORE):
        for name in names:
            path = Path(folder, name)
            if name.startswith(LEAVING):
                # A sweep died between its two steps; the file is judged again under its own name.
                path = path.replace(path.with_name(name.removeprefix(LEAVING)))
            known = store.NAME.fullmatch(path.name) or name.startswith(ARRIVING)
            if known and path.stat().st_mtime < before:
                yield path


def _remove(path: Path, before: float) -> bool:
    """Delete the file, unless the same bytes are being stored again this very moment: `store.put` touches them."""
    aside = path.replace(path.with_name(LEAVING + path.name))
    if aside.stat().st_mtime < before:
        aside.unlink()
        return True
    aside.replace(path)
    return False


# --- Drawn pages ------------------------------------------------------------------------------


def _old_pages(now: datetime, *, delete: bool) -> Iterator[Path]:
    """Pages of PDFs drawn long ago; folders that a sweep has emptied go with the next one."""
    before = (now - PAGES_KEPT).timestamp()
    for folder, folders, names in os.walk(previews.cache_folder(), topdown=False):
        yield from (path for path in (Path(folder, name) for name in names) if _is_older(path, before))
        if delete and not folders and not names and _is_older(Path(folder), before):
            Path(folder).rmdir()


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False  # a page that was just being kept has its own name by now
