"""Letters on their way out: queued in the transaction that wants them, sent within a second of it, never twice.

    QUEUED ─> SENDING ─> SENT
       │         ├─────> RETRYING ─> SENDING …   somebody is busy, or the server is down
       │         ├─────> FAILED                  refused for good, or given up
       │         │                               (SENT and `is_lacking`: by some of its recipients)
       │         └─────> UNKNOWN ─> SENT         handed over, and no answer came
       └──> CANCELLED                            taken back before it left, also while RETRYING

Here is what others may ask for. Who sends is mailbox.sending, what follows from an attempt mailbox.outcomes, how fast
mailbox.pace, what settles the unknown mailbox.in_doubt. The reasons: docs/decisions/005-never-sent-twice.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from kombu.exceptions import OperationalError as BrokerError

from mailbox import accounts, answering, inbox, outcomes, pace
from mailbox.accounts import Account, SendingIsOff
from mailbox.composing import Composed, WrongAddress, is_address
from mailbox.models import Email, Outgoing, Settled
from mailbox.sending import send_due
from mailbox.smtp import Result

if TYPE_CHECKING:
    from dispatchers.models import User

__all__ = ["SendingIsOff", "State", "WrongAddress", "cancel", "hasten", "queue", "send_again", "send_due", "troubled"]

logger = logging.getLogger(__name__)

State = Outgoing.State
# Whoever may think better of a letter waits seconds; the workers are told of that moment too.
SOON = timedelta(minutes=1)
# Of these recipients a person may want another attempt.
_NOT_GOT = frozenset({Result.REFUSED, Result.BOUNCED, Result.UNKNOWN})


@transaction.atomic
def queue(
    letter: Composed,
    *,
    now: datetime,
    answers: Email | None = None,
    is_automatic: bool = False,
    account: Account | None = None,
    by: User | None = None,
    leaves_at: datetime | None = None,
) -> Outgoing:
    """Store the bytes and queue them, in the caller's transaction; not before `leaves_at` do they leave.

    `account` is the one the letter was written for; without it the usual one. Raises SendingIsOff where there is none.
    """
    account = account or accounts.choose(answers)
    queued = Outgoing.objects.create(
        email=inbox.store_own(letter.raw, now),
        envelope_from=letter.envelope_from,
        recipients=[{"address": each, "state": Result.WAITING, "said": ""} for each in letter.recipients],
        to_address=answering.counted(letter.recipients[0]),
        is_automatic=is_automatic,
        answers=answers,
        account_id=account.pk,
        by=by,
        queued_at=now,
        leaves_at=leaves_at,
        next_try_at=max(now, leaves_at or now),
    )
    _wake_after_commit(leaves_at, now)
    return queued


@transaction.atomic
def cancel(outgoing: Outgoing, *, now: datetime) -> bool:
    """Take the letter back. True only if it has surely reached nobody and never will."""
    fresh = Outgoing.objects.select_for_update().get(pk=outgoing.pk)
    if outcomes.has_reached_somebody(fresh.recipients) or fresh.state not in (State.QUEUED, State.RETRYING):
        return False
    fresh.state, fresh.cancelled_at, fresh.next_try_at = State.CANCELLED, now, None
    fresh.save(update_fields=["state", "cancelled_at", "next_try_at"])
    return True


@transaction.atomic
def hasten(outgoing: Outgoing, *, now: datetime) -> bool:
    """Let a letter that waits leave at once, whatever its account waits for. False if it waits no more."""
    fresh = Outgoing.objects.select_for_update().get(pk=outgoing.pk)
    if fresh.state not in (State.QUEUED, State.RETRYING):
        return False
    fresh.next_try_at = now
    if fresh.leaves_at and fresh.leaves_at > now:
        fresh.leaves_at = now
    fresh.save(update_fields=["next_try_at", "leaves_at"])
    pace.resume(fresh.account_id)
    _wake_after_commit(None, now)
    return True


def troubled() -> QuerySet[Outgoing]:
    """Letters that did not leave, or perhaps did not, or not to all, and that no person has settled."""
    settled = Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=OuterRef("pk"))
    amiss = Outgoing.objects.filter(Q(state__in=[State.FAILED, State.UNKNOWN]) | Q(is_lacking=True))
    return amiss.exclude(Exists(settled))


@transaction.atomic
def send_again(letter: Outgoing, *, now: datetime, instead: Mapping[str, str] | None = None) -> bool:
    """A person has decided: whoever has not surely got it is tried anew. False if there is nobody any more.

    `instead`: the right address for one that was refused. Raises WrongAddress. Who has got the letter gets no second
    one; of an unknown one a second copy may arrive, so only people may ask for it.
    """
    fresh = Outgoing.objects.select_for_update().get(pk=letter.pk)
    if fresh.state not in (State.FAILED, State.UNKNOWN) and not fresh.lost:
        return False
    if not accounts.is_possible():
        raise SendingIsOff
    fresh.recipients = _wanted(fresh.recipients, instead or {})
    if not any(each["state"] == Result.WAITING for each in fresh.recipients):
        return False
    # Its patience begins anew; its attempts are counted on, since their numbers tell one from another.
    fresh.state, fresh.leaves_at, fresh.next_try_at, fresh.said = State.QUEUED, now, now, ""
    fresh.is_lacking, fresh.to_address = False, answering.counted(fresh.recipients[0]["address"])
    fresh.save(update_fields=["recipients", "state", "leaves_at", "next_try_at", "said", "is_lacking", "to_address"])
    Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=fresh.pk).delete()
    pace.resume(fresh.account_id)
    _wake_after_commit(None, now)
    return True


def _wanted(recipients: Iterable[dict[str, str]], instead: Mapping[str, str]) -> list[dict[str, str]]:
    """The recipients of the next attempt in their order, each address once: those that have it stay as they are."""
    recipients = list(recipients)
    got = {each["address"] for each in recipients if each["state"] not in _NOT_GOT}
    wanted: dict[str, dict[str, str]] = {}
    for each in recipients:
        address = each["address"]
        to = instead.get(address, address).strip().lower()
        if address in got:
            wanted[address] = each
        elif to in got:
            continue
        elif to != address and not is_address(to):
            raise WrongAddress(to)
        else:
            # Whom it was for first, so that the list says what was put right.
            before = {"instead_of": each.get("instead_of", address)} if to != address else {}
            wanted.setdefault(to, {"address": to, "state": Result.WAITING, "said": "", **before})
    return list(wanted.values())


def _wake_after_commit(leaves_at: datetime | None, now: datetime) -> None:
    """Tell the workers when there is something to send. Only a wake-up: the clock finds the same rows in seconds."""
    if leaves_at and leaves_at > now + SOON:
        return
    at = leaves_at if leaves_at and leaves_at > now else None
    # Beside the request: a broker that is away would keep it waiting for seconds.
    transaction.on_commit(lambda: threading.Thread(target=partial(_wake, at), daemon=True).start())


def _wake(at: datetime | None) -> None:
    try:
        current_app.send_task("mailbox.tasks.send_mail_due", eta=at, expires=(at and at + SOON) or 10)
    except (BrokerError, OSError) as error:
        logger.warning("broker: %s; letters wait for the next tick", error)
