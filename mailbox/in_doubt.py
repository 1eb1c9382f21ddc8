"""Letters that were handed over and never answered for: what proves that they left.

First the ledger, which costs a query: the desk is in Cc of every letter, and its folders are watched. Then the
account's own folder of sent letters, asked over IMAP. No proof within a day: a person decides, and nothing is sent
again before he does (docs/decisions/005-never-sent-twice.md).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from mailbox import accounts, mailboxes, outcomes
from mailbox.imap import BROKEN, LoginRefused
from mailbox.imap_sent import SentSession
from mailbox.models import Folder, Outgoing, Receipt
from mailbox.sealing import WrongKey
from mailbox.smtp import Answer, Result

logger = logging.getLogger(__name__)

State = Outgoing.State
# How long a copy is looked for; the first looks come often, the later ones rarely.
LOOK_FOR, SOONEST, RAREST = timedelta(days=1), timedelta(minutes=1), timedelta(hours=1)
# Letters of one look.
MOST = 200


def settle_by_ledger(now: datetime) -> int:
    """Letters in doubt whose copy came into a watched folder have left. Returns how many."""
    by_id = Receipt.objects.filter(email__message_id=OuterRef("email__message_id"))
    by_content = Receipt.objects.filter(email=OuterRef("email"))
    shown = Outgoing.objects.filter(Exists(by_content) | Exists(by_id), state=State.UNKNOWN)
    return sum(_has_left(pk, "its copy came", now) for pk in shown.order_by("-pk").values_list("pk", flat=True)[:MOST])


def settle_by_folder(now: datetime) -> int:
    """Look the others up where the server keeps what it sent. Returns how many were found."""
    due = Outgoing.objects.filter(state=State.UNKNOWN, next_try_at__lte=now).order_by("next_try_at", "id")
    by_account: dict[int | None, list[Outgoing]] = {}
    for letter in due.select_related("email", "account__mailbox")[:MOST]:
        by_account.setdefault(letter.account_id, []).append(letter)
    return sum(_look_up(letters, now) for letters in by_account.values())


def _look_up(letters: list[Outgoing], now: datetime) -> int:
    found = 0
    shown = _shown_in(_sent_folder(letters[0]), letters)
    for letter in letters:
        if letter.email.message_id in shown and _has_left(letter.pk, "it is in the Sent folder", now):
            found += 1
        else:
            _look_later(letter, now)
    return found


def _sent_folder(letter: Outgoing) -> Folder | None:
    """Where this letter's account keeps what it sent, as it is set up now."""
    account = accounts.behind(letter)
    return account.copies_to or accounts.sent_folder(account.mailbox) if account else None


def _shown_in(folder: Folder | None, letters: list[Outgoing]) -> frozenset[str]:
    """The ids the folder holds since the first of these letters; none if it cannot be asked just now."""
    if folder is None:
        return frozenset()
    since = min(letter.handed_at or letter.queued_at for letter in letters)
    try:
        with SentSession(mailboxes.account_of(folder.mailbox), folder.name) as session:
            return session.ids_since(since)
    except (LoginRefused, WrongKey, *BROKEN) as error:
        logger.warning("outbox: %s cannot be asked for letters in doubt: %s", folder, error)
        return frozenset()


def _has_left(pk: int, why: str, now: datetime) -> bool:
    with transaction.atomic():
        letter = Outgoing.objects.select_for_update().get(pk=pk)
        # Where somebody had got it before, the copy may be of that attempt and proves nothing about the last one.
        had_it = any(each["state"] in (Result.ACCEPTED, Result.BOUNCED) for each in letter.recipients)
        if letter.state != State.UNKNOWN or had_it:
            return False
        outcomes.save(letter, outcomes.for_all(letter, Result.UNKNOWN, Answer(Result.ACCEPTED, why)), now)
    return True


def _look_later(letter: Outgoing, now: datetime) -> None:
    """Wait as long again as we have waited; after LOOK_FOR only a person can tell."""
    since = letter.handed_at or letter.tried_at or letter.queued_at
    waited = now - since
    later = None if waited > LOOK_FOR else now + min(max(waited, SOONEST), RAREST)
    Outgoing.objects.filter(pk=letter.pk, state=State.UNKNOWN).update(next_try_at=later)
