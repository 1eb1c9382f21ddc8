"""Letters on their way out: queued in the transaction that wants them, sent by the clock, never twice.

    QUEUED ─> SENDING ─> SENT
                 ├─────> RETRYING ─> SENDING …   somebody is busy, or the server is down
                 ├─────> FAILED                  refused for good, or given up
                 └─────> UNKNOWN ─> SENT         the letter left and no answer came

UNKNOWN is also where a letter ends whose sender died: only its copy, in the Sent folder or the desk's own, proves
that it left, and nothing is sent again without a person. The reasons: docs/decisions/005-never-sent-twice.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from mailbox import accounts, answering, inbox, smtp, store
from mailbox.accounts import Account, SendingIsOff
from mailbox.composing import Composed
from mailbox.models import Email, Outgoing, Receipt, Settled
from mailbox.smtp import Answer, Result

logger = logging.getLogger(__name__)

State = Outgoing.State
# Between the attempts at a letter that somebody could not take; then it has failed.
PLAN = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720)]
# Longer than any conversation (see mailbox.smtp): who has not told the outcome by then never will.
LEASE = timedelta(minutes=15)
# How long, and how often, a copy of a letter of unknown fate is looked for.
LOOK_FOR, LOOK_EVERY = timedelta(days=1), timedelta(minutes=1)
# Letters of one tick; the rest is for the next one.
MOST = 50
# A server that does not answer, or does not let us in, is left alone for a while.
PAUSE, LOCKED_OUT_PAUSE = timedelta(minutes=1), timedelta(minutes=10)
# The advisory lock of the one who sends.
LOCK = 0x4F5554


@transaction.atomic
def queue(
    letter: Composed,
    *,
    now: datetime,
    answers: Email | None = None,
    is_automatic: bool = False,
    account: Account | None = None,
    by: AbstractBaseUser | None = None,
    leaves_at: datetime | None = None,
) -> Outgoing:
    """Store the bytes and queue them, in the caller's transaction; not before `leaves_at` do they leave.

    `account` is the one the letter was written for; without it the usual one. Raises SendingIsOff where there is none.
    """
    account = account or accounts.choose(answers)
    return Outgoing.objects.create(
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


@transaction.atomic
def cancel(outgoing: Outgoing, *, now: datetime) -> bool:
    """Take the letter back. True only if it has surely reached nobody and never will."""
    fresh = Outgoing.objects.select_for_update().get(pk=outgoing.pk)
    has_left = any(each["state"] in (Result.ACCEPTED, Result.UNKNOWN) for each in fresh.recipients)
    if has_left or fresh.state not in (State.QUEUED, State.RETRYING):
        return False
    fresh.state, fresh.cancelled_at, fresh.next_try_at = State.CANCELLED, now, None
    fresh.save(update_fields=["state", "cancelled_at", "next_try_at"])
    return True


@transaction.atomic
def hasten(outgoing: Outgoing, *, now: datetime) -> bool:
    """Let a letter that waits leave at once. False if it waits no more."""
    fresh = Outgoing.objects.select_for_update().get(pk=outgoing.pk)
    if fresh.state not in (State.QUEUED, State.RETRYING):
        return False
    fresh.next_try_at, fresh.leaves_at = now, min(fresh.leaves_at, now) if fresh.leaves_at else None
    fresh.save(update_fields=["next_try_at", "leaves_at"])
    return True


def troubled() -> QuerySet[Outgoing]:
    """Letters that did not leave, or perhaps did not, and that no person has settled."""
    settled = Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=OuterRef("pk"))
    return Outgoing.objects.filter(state__in=[State.FAILED, State.UNKNOWN]).exclude(Exists(settled))


@transaction.atomic
def send_again(letter: Outgoing, *, now: datetime) -> bool:
    """A person has decided: whoever has not surely got it is tried anew. False if it is troubled no more.

    Of an unknown one a second copy may arrive; that is why only people may ask for it.
    """
    fresh = Outgoing.objects.select_for_update().get(pk=letter.pk)
    if fresh.state not in (State.FAILED, State.UNKNOWN):
        return False
    if not accounts.is_possible():
        raise SendingIsOff
    for each in fresh.recipients:
        if each["state"] != Result.ACCEPTED:
            each["state"] = Result.WAITING
    fresh.state, fresh.attempts, fresh.next_try_at, fresh.said = State.QUEUED, 0, now, ""
    fresh.save(update_fields=["recipients", "state", "attempts", "next_try_at", "said"])
    Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=fresh.pk).delete()
    return True


def send_due(*, now: Callable[[], datetime]) -> int:
    """Settle what is unknown and send what is due; returns how many letters left. One at a time in all processes."""
    with _alone() as is_alone:
        if not is_alone:
            return 0
        settle(now())
        sent = 0
        for _ in range(MOST):
            letter = _claim(now()) if settings.EMAIL_HOST else None
            if letter is None or not _send(letter, now):
                break
            sent += 1
        return sent


def settle(now: datetime) -> int:
    """Letters whose sender died become UNKNOWN; of those, the ones whose copy came are SENT. Returns how many."""
    lost = Outgoing.objects.filter(state=State.SENDING, sending_since__lt=now - LEASE)
    for pk in lost.values_list("pk", flat=True):
        with transaction.atomic():
            letter = lost.select_for_update(skip_locked=True).filter(pk=pk).first()
            if letter:
                _save(letter, _all(letter, Answer(Result.UNKNOWN, "the sending process died")), now)
    found = 0
    due = Outgoing.objects.filter(state=State.UNKNOWN, next_try_at__lte=now).order_by("next_try_at", "id")
    for letter in due.select_related("email")[:MOST]:
        found += _look_for_copy(letter, now)
    return found


def _claim(now: datetime) -> Outgoing | None:
    """Take the letter that is due longest. Committed before anybody connects: from here on it may have left."""
    due = Outgoing.objects.filter(state__in=[State.QUEUED, State.RETRYING], next_try_at__lte=now)
    with transaction.atomic():
        letter = due.select_for_update(skip_locked=True).order_by("next_try_at", "id").first()
        if letter is None:
            return None
        letter.state, letter.sending_since, letter.next_try_at = State.SENDING, now, None
        letter.attempts += 1
        letter.save(update_fields=["state", "sending_since", "next_try_at", "attempts"])
    return letter


def _send(letter: Outgoing, now: Callable[[], datetime]) -> bool:
    """One conversation, without a transaction; False if the others should not be tried at once."""
    waiting = [each["address"] for each in letter.recipients if each["state"] == Result.WAITING]
    try:
        raw = store.read(letter.email.sha256)
    except OSError as error:
        answers = dict.fromkeys(waiting, Answer(Result.WAITING, f"the letter cannot be read: {error.strerror}"))
    else:
        try:
            answers = smtp.deliver(letter.envelope_from, waiting, raw)
        except smtp.Unreachable as error:
            answers = dict.fromkeys(waiting, Answer(Result.WAITING, str(error)))
            _pause(now() + (LOCKED_OUT_PAUSE if error.is_locked_out else PAUSE))
    with transaction.atomic():
        fresh = Outgoing.objects.select_for_update().get(pk=letter.pk)
        # Late as it may be, this is what happened, unless somebody has begun another attempt.
        if fresh.attempts != letter.attempts or fresh.state not in (State.SENDING, State.UNKNOWN):
            logger.error("outbox: letter %d was %s when attempt %d ended", fresh.pk, fresh.state, letter.attempts)
            return False
        _save(fresh, answers, now())
    return fresh.state != State.RETRYING


def _pause(until: datetime) -> None:
    Outgoing.objects.filter(state__in=[State.QUEUED, State.RETRYING], next_try_at__lt=until).update(next_try_at=until)


def _save(letter: Outgoing, answers: Mapping[str, Answer], now: datetime) -> None:
    """Write what became of the recipients, and what follows for the letter, which is locked."""
    for each in letter.recipients:
        if answer := answers.get(each["address"]):
            each["state"], each["said"] = answer.result, answer.said
            if answer.result is Result.REFUSED and answer.said.startswith("550 5.1."):
                answering.mark_bad(each["address"], now=now, said=answer.said)
        if each["state"] == Result.WAITING and letter.attempts > len(PLAN):
            each["state"] = Result.REFUSED
    letter.said = next((answer.said for answer in answers.values() if answer.result is not Result.ACCEPTED), "")
    letter.state, letter.next_try_at = _next(letter, now)
    letter.sending_since = None
    if letter.state == State.SENT:
        letter.sent_at = now
    letter.save(update_fields=["recipients", "said", "state", "next_try_at", "sending_since", "sent_at"])
    level = logging.INFO if letter.state in (State.SENT, State.RETRYING) else logging.ERROR
    logger.log(level, "outbox: letter %d is %s after attempt %d", letter.pk, letter.state, letter.attempts)


def _next(letter: Outgoing, now: datetime) -> tuple[str, datetime | None]:
    """The state that the recipients make, and when to look at the letter again."""
    results = {each["state"] for each in letter.recipients}
    if Result.UNKNOWN in results:
        return State.UNKNOWN, now
    if Result.WAITING in results:
        return State.RETRYING, now + PLAN[letter.attempts - 1]
    # Of several recipients each has his own answer; a letter that somebody got has left.
    return (State.SENT if Result.ACCEPTED in results else State.FAILED), None


def _look_for_copy(letter: Outgoing, now: datetime) -> bool:
    """Whether a folder has shown this letter: then it left. After LOOK_FOR only a person can tell."""
    # Where somebody had got it before, the copy may be of that attempt and proves nothing about the last one.
    had_it = any(each["state"] == Result.ACCEPTED for each in letter.recipients)
    copies = Receipt.objects.filter(Q(email=letter.email_id) | Q(email__message_id=letter.email.message_id))
    is_there = not had_it and copies.exists()
    with transaction.atomic():
        fresh = Outgoing.objects.select_for_update().get(pk=letter.pk)
        if fresh.state != State.UNKNOWN:
            return False
        if is_there:
            unknown = [each["address"] for each in fresh.recipients if each["state"] == Result.UNKNOWN]
            _save(fresh, dict.fromkeys(unknown, Answer(Result.ACCEPTED, "its copy came")), now)
        else:
            given_up = now > fresh.queued_at + LOOK_FOR
            fresh.next_try_at = None if given_up else now + LOOK_EVERY
            fresh.save(update_fields=["next_try_at"])
    return is_there


def _all(letter: Outgoing, answer: Answer) -> dict[str, Answer]:
    return {each["address"]: answer for each in letter.recipients if each["state"] == Result.WAITING}


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process sends; a server that hangs must not take every worker with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
