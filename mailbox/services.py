"""What administrators change: which mailboxes and folders are read, and when somebody looks next.

The watchers see it in the tables within seconds. Nothing is ever changed on a server, and no letter is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from mailbox import sealing
from mailbox.imap import Account
from mailbox.models import Folder, Mailbox, Receipt


@dataclass(frozen=True, slots=True)
class Wish:
    """A mailbox as somebody wants it: how to reach it, and which folders are read as what (by raw name)."""

    address: str
    account: Account
    start: str
    start_days: int
    roles: Mapping[str, str]


@transaction.atomic
def save(wish: Wish, *, mailbox: Mailbox | None, now: datetime) -> Mailbox:
    """Connect a new mailbox, or change one; folders that are not wished for are no longer watched."""
    mailbox = Mailbox.objects.select_for_update().get(pk=mailbox.pk) if mailbox else Mailbox()
    account = wish.account
    mailbox.address, mailbox.is_watched = wish.address, True
    mailbox.host, mailbox.port, mailbox.security = account.host, account.port, account.security
    mailbox.login, mailbox.password = account.login, sealing.seal(account.password)
    mailbox.start, mailbox.start_days = wish.start, wish.start_days
    mailbox.save()
    known = {folder.name: folder for folder in mailbox.folders.all()}
    for name, role in wish.roles.items():
        folder = known.pop(name) if name in known else Folder(mailbox=mailbox, name=name, is_watched=False)
        _save_folder(folder, role, now)
    mailbox.folders.filter(pk__in=[folder.pk for folder in known.values()]).update(is_watched=False)
    return mailbox


def _save_folder(folder: Folder, role: str, now: datetime) -> None:
    """A folder without role is kept as not watched: so nobody looks for it again by its usual name."""
    wanted = bool(role)
    if wanted and not folder.is_watched:
        _begin_anew(folder, now)
    folder.is_watched, folder.role = wanted, role or folder.role or Folder.Role.SENT
    folder.save()


def _begin_anew(folder: Folder, now: datetime) -> None:
    """What failed before it was switched off is no failure of now."""
    folder.watched_since, folder.asked_at = now, now
    folder.last_error, folder.failed_since = "", None


@transaction.atomic
def watch(folder: Folder, *, on: bool, now: datetime) -> None:
    """Read this folder from now on, or no longer; its letters stay. Doing it twice changes nothing."""
    folder = Folder.objects.select_for_update().get(pk=folder.pk)
    if folder.is_watched == on:
        return
    folder.is_watched = on
    if on:
        _begin_anew(folder, now)
    folder.save(update_fields=["is_watched", "watched_since", "asked_at", "last_error", "failed_since"])


@transaction.atomic
def watch_all(mailbox: Mailbox, *, now: datetime) -> None:
    """Read a mailbox again that was removed, with the folders it had."""
    Mailbox.objects.filter(pk=mailbox.pk).update(is_watched=True)
    mailbox.folders.filter(is_watched=True).update(watched_since=now, asked_at=now, last_error="", failed_since=None)


@transaction.atomic
def remove(mailbox: Mailbox) -> bool:
    """Read the mailbox no longer; its letters stay. One that never gave a letter is deleted: then True."""
    mailbox = Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    if Receipt.objects.filter(folder__mailbox=mailbox).exists():
        mailbox.is_watched = False
        mailbox.save(update_fields=["is_watched"])
        return False
    mailbox.folders.all().delete()
    mailbox.delete()
    return True


def ask_look(folder: Folder, *, now: datetime) -> None:
    """Let the watcher look at once, however long it would have waited after a failure."""
    Folder.objects.filter(pk=folder.pk, is_watched=True, mailbox__is_watched=True).update(asked_at=now)
