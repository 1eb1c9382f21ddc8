"""The one who sends: each account's letters one after another, whatever dies in the middle.

A process that sends holds the account's advisory lock, which ends with it. Who finds a letter `sending` under that
lock has found one whose sender died. Right before the dot that ends the letter its row is marked (`handed_at`), on
condition that it is still ours: without the mark it has reached nobody and is tried again, with it only its copy tells.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from mailbox import accounts, in_doubt, outcomes, pace, smtp, store
from mailbox.accounts import Account
from mailbox.locks import alone
from mailbox.models import Outgoing
from mailbox.sealing import WrongKey
from mailbox.smtp import Answer, Result

logger = logging.getLogger(__name__)

State = Outgoing.State
Clock = Callable[[], datetime]
# Letters of one account before the others have their turn.
MOST = 50
# So long people's letters go before an automatic one that was due sooner.
YIELDS = timedelta(minutes=10)
# What is said of those whose sender died.
LOST = "the sending process died"
UNSETTLED = (Result.WAITING, Result.UNKNOWN)
# The kind of the locks, numbered by account; 0 is the one of the settings.
LOCK = 0x4F55


def send_due(*, now: Clock) -> int:
    """Send what is due, account by account; returns how many letters left. Whoever sends already is not disturbed."""
    in_doubt.settle_by_ledger(now())
    return sum(_send_by(pk, now) for pk in _with_work(now()))


def _work(now: datetime) -> QuerySet[Outgoing]:
    """Letters that are due, and those that somebody sends or has died over."""
    due = Q(state__in=[State.QUEUED, State.RETRYING], next_try_at__lte=now)
    return Outgoing.objects.filter(due | Q(state=State.SENDING))


def _with_work(now: datetime) -> list[int | None]:
    return list(_work(now).order_by().values_list("account", flat=True).distinct())


def _send_by(pk: int | None, now: Clock) -> int:
    """Everything due of one account. Whoever queued a letter while we held the lock found it taken: so look again."""
    sent, goes_on = 0, True
    while goes_on and _work(now()).filter(account=pk).exists():
        with alone(LOCK, pk or 0) as is_alone:
            if not is_alone:
                break
            left, goes_on = _send_some(pk, now)
            sent += left
    return sent


def _send_some(pk: int | None, now: Clock) -> tuple[int, bool]:
    """How many letters left, and whether it is worth to look again: not if somebody else holds what is due."""
    _take_up_lost(pk, now())
    try:
        account = accounts.to_send(pk)
    except WrongKey as error:
        pace.pause(pk, str(error), now=now(), until=now() + pace.LOCKED_OUT)
        account = None
    sent = 0
    for number in range(MOST):
        if account is None or not pace.may_send(account, now()):
            return sent, False
        letter = _claim(pk, now())
        if letter is None:
            return sent, number > 0
        sent += _send(letter, account, now) == State.SENT
    return sent, False


def _take_up_lost(pk: int | None, now: datetime) -> None:
    """Letters whose sender died: the row says to whom they were handed over; nobody else has got them."""
    for lost in Outgoing.objects.filter(account=pk, state=State.SENDING).values_list("pk", flat=True):
        with transaction.atomic():
            letter = Outgoing.objects.select_for_update().get(pk=lost)
            said = {each["address"]: Answer(Result(each["state"]), each["said"] or LOST) for each in letter.recipients}
            outcomes.save(letter, {to: each for to, each in said.items() if each.result in UNSETTLED}, now)


def _claim(pk: int | None, now: datetime) -> Outgoing | None:
    """Take the letter whose turn it is. Committed before anybody connects."""
    due = Outgoing.objects.filter(account=pk, state__in=[State.QUEUED, State.RETRYING], next_try_at__lte=now)
    with transaction.atomic():
        letter = _whose_turn(due)
        if letter is None:
            return None
        letter.state, letter.sending_since, letter.tried_at = State.SENDING, now, now
        letter.next_try_at = letter.handed_at = None
        # Tells this attempt from every other one; never set back.
        letter.attempts += 1
        letter.save(update_fields=["state", "sending_since", "tried_at", "next_try_at", "handed_at", "attempts"])
    return letter


def _whose_turn(due: QuerySet[Outgoing]) -> Outgoing | None:
    """The letter that is due longest, where automatic ones count as due YIELDS later than they are.

    So what a person wants goes first while an account may send only so many a minute; but an automatic letter waits
    no longer than YIELDS behind people's letters that came after it.
    """
    heads = []
    for is_automatic in (False, True):
        row = due.filter(is_automatic=is_automatic).order_by("next_try_at", "id").values_list("next_try_at").first()
        if row and row[0]:
            heads.append((row[0] + (YIELDS if is_automatic else timedelta()), is_automatic))
    for _turn, is_automatic in sorted(heads):
        rows = due.filter(is_automatic=is_automatic).order_by("next_try_at", "id")
        if letter := rows.select_for_update(skip_locked=True).first():
            return letter
    return None


def _send(letter: Outgoing, account: Account, now: Clock) -> str:
    """One conversation, without a transaction; returns the letter's state after it."""
    waiting = [each["address"] for each in letter.recipients if each["state"] == Result.WAITING]
    try:
        raw = store.read(letter.email.sha256)
    except OSError as error:
        unread = Answer(Result.WAITING, f"the letter cannot be read: {error.strerror}")
        return _finish(letter, dict.fromkeys(waiting, unread), now())
    try:
        answers = smtp.deliver(
            account, letter.envelope_from, waiting, raw, before_end=lambda named: _mark_handed(letter, named, now())
        )
    except smtp.Unreachable as error:
        until = now() + (pace.LOCKED_OUT if error.is_locked_out else pace.DOWN)
        pace.pause(account.pk, str(error), now=now(), until=until)
        return _finish(letter, dict.fromkeys(waiting, Answer(Result.WAITING, str(error))), now(), not_before=until)
    except smtp.Overtaken:
        return ""
    _heed(account, answers, now())
    return _finish(letter, answers, now())


def _mark_handed(letter: Outgoing, named: Mapping[str, Answer], now: datetime) -> None:
    """From here on it may have left, to whom the server has accepted; should we die now, the row says so.

    Raises Overtaken where another process has declared us dead.
    """
    for each in letter.recipients:
        if answer := named.get(each["address"]):
            is_taken = answer.result is Result.ACCEPTED
            each["state"], each["said"] = (Result.UNKNOWN, LOST) if is_taken else (answer.result, answer.said)
    ours = Outgoing.objects.filter(pk=letter.pk, attempts=letter.attempts, state=State.SENDING)
    if not ours.update(handed_at=now, recipients=letter.recipients):
        logger.error("outbox: letter %d is not ours any more, nothing is sent", letter.pk)
        raise smtp.Overtaken


def _heed(account: Account, answers: dict[str, Answer], now: datetime) -> None:
    """What the conversation says about the server itself."""
    if silent := next((each for each in answers.values() if each.result is Result.UNKNOWN), None):
        pace.pause(account.pk, silent.said, now=now, until=now + pace.SILENT)
    elif closing := next((each for each in answers.values() if each.said.startswith("421")), None):
        pace.pause(account.pk, closing.said, now=now, until=now + pace.DOWN)
    elif any(each.result is Result.ACCEPTED for each in answers.values()):
        pace.note_sent(account.pk, now)


def _finish(letter: Outgoing, answers: dict[str, Answer], now: datetime, *, not_before: datetime | None = None) -> str:
    """Write the outcome; returns the letter's state, empty where it was not for us to say."""
    with transaction.atomic():
        fresh = Outgoing.objects.select_for_update().get(pk=letter.pk)
        # Late as it may be, this is what happened, unless somebody has begun another attempt.
        if fresh.attempts != letter.attempts or fresh.state not in (State.SENDING, State.UNKNOWN):
            logger.error("outbox: letter %d was %s when attempt %d ended", fresh.pk, fresh.state, letter.attempts)
            return ""
        outcomes.save(fresh, answers, now, not_before=not_before)
    return fresh.state
