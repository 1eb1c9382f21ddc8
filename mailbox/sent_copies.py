"""Copies of our letters in the Sent folder, for accounts whose server does not keep them itself. Each once.

Whoever died between the APPEND and its mark in the row leaves a copy without a mark: so before each APPEND the folder
is asked whether the letter is there, which also finds the copies of a server that keeps them after all.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from mailbox import accounts, mailboxes, store
from mailbox.imap import BROKEN, LoginRefused
from mailbox.imap_sent import SentSession
from mailbox.locks import alone
from mailbox.models import Folder, Outgoing
from mailbox.sealing import WrongKey

logger = logging.getLogger(__name__)

Copy = Outgoing.Copy
# Between the attempts at a copy; then a person sees that there is none.
PLAN = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720)]
# Letters of one folder in one look.
MOST = 100
# The kind of the locks, numbered by folder.
LOCK = 0x4F43


def keep_due(now: datetime) -> int:
    """Put the copies that are due into their folders; returns how many are there now."""
    due = Outgoing.objects.filter(copy_state=Copy.WAITING, copy_next_try_at__lte=now)
    by_account: dict[int | None, list[Outgoing]] = {}
    for letter in due.select_related("email", "account").order_by("copy_next_try_at", "id")[:MOST]:
        by_account.setdefault(letter.account_id, []).append(letter)
    return sum(_keep_all(letters, now) for letters in by_account.values())


def keep_again(letter: Outgoing, *, now: datetime) -> bool:
    """Somebody asks for a copy that could not be kept. False if it is there, or was never wanted."""
    failed = Outgoing.objects.filter(pk=letter.pk, copy_state=Copy.FAILED)
    return bool(failed.update(copy_state=Copy.WAITING, copy_attempts=0, copy_next_try_at=now, copy_said=""))


def _keep_all(letters: list[Outgoing], now: datetime) -> int:
    folder = _folder(letters[0])
    if folder is None:
        _write(letters, copy_state="", copy_next_try_at=None)
        return 0
    with alone(LOCK, folder.pk) as is_alone:
        if not is_alone:
            return 0
        try:
            return _keep_in(folder, letters, now)
        except (LoginRefused, WrongKey, *BROKEN) as error:
            logger.warning("outbox: no copies into %s: %s", folder, error)
            for letter in letters:
                _postpone(letter, str(error), now)
            return 0


def _folder(letter: Outgoing) -> Folder | None:
    """Where copies of this account's letters go, as it is set up now."""
    account = accounts.behind(letter)
    return account.copies_to if account else None


def _keep_in(folder: Folder, letters: list[Outgoing], now: datetime) -> int:
    # Whoever held the lock before us may have kept some of them.
    waiting = Outgoing.objects.filter(pk__in=[each.pk for each in letters], copy_state=Copy.WAITING)
    still = set(waiting.values_list("pk", flat=True))
    letters = [each for each in letters if each.pk in still]
    if not letters:
        return 0
    since = min(each.sent_at or each.queued_at for each in letters)
    with SentSession(mailboxes.account_of(folder.mailbox), folder.name) as session:
        there = session.ids_since(since)
        return sum(_keep(each, session, there, now) for each in letters)


def _keep(letter: Outgoing, session: SentSession, there: frozenset[str], now: datetime) -> bool:
    if letter.email.message_id not in there:
        try:
            raw = store.read(letter.email.sha256)
        except OSError as error:
            _postpone(letter, f"the letter cannot be read: {error.strerror}", now)
            return False
        session.keep(raw, letter.sent_at or letter.queued_at)
    _write([letter], copy_state=Copy.KEPT, copy_next_try_at=None, copy_said="")
    return True


def _postpone(letter: Outgoing, said: str, now: datetime) -> None:
    fresh = Outgoing.objects.get(pk=letter.pk)
    if fresh.copy_state != Copy.WAITING:
        return
    attempts = fresh.copy_attempts + 1
    is_over = attempts > len(PLAN)
    _write(
        [letter],
        copy_state=Copy.FAILED if is_over else Copy.WAITING,
        copy_attempts=attempts,
        copy_next_try_at=None if is_over else now + PLAN[attempts - 1],
        copy_said=said[:500],
    )


def _write(letters: list[Outgoing], **facts: object) -> None:
    Outgoing.objects.filter(pk__in=[each.pk for each in letters], copy_state=Copy.WAITING).update(**facts)
