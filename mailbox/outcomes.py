"""What became of a letter of ours after one attempt, and what follows from it. Writes rows, asks nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from mailbox import accounts, answering, inbox
from mailbox.models import Outgoing
from mailbox.smtp import Answer, Result

logger = logging.getLogger(__name__)

State = Outgoing.State
# After each attempt we wait as long as the letter has waited already, and no longer than this; then it has failed.
SHORTEST_WAIT, LONGEST_WAIT, GIVE_UP = timedelta(minutes=1), timedelta(hours=3), timedelta(days=1)
# A server that keeps copies itself needs a moment; whoever looked sooner would put a second one beside it.
COPY_AFTER = timedelta(seconds=30)
# Who has surely not got it and will not.
LOST = frozenset({Result.REFUSED, Result.BOUNCED})


def save(
    letter: Outgoing,
    answers: Mapping[str, Answer],
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> None:
    """Write the recipients' results and what follows for the letter, whose row must be locked.

    `not_before`: the account sends nothing sooner, so this letter is tried then, however long it has waited.
    """
    gives_up = now - (letter.leaves_at or letter.queued_at) >= GIVE_UP
    for each in letter.recipients:
        if answer := answers.get(each["address"]):
            each["state"], each["said"] = answer.result, answer.said
            if answer.result is Result.REFUSED and answer.said.startswith("550 5.1."):
                answering.mark_bad(each["address"], now=now, said=answer.said)
        if each["state"] == Result.WAITING and gives_up:
            each["state"] = Result.REFUSED
    letter.said = next((answer.said for answer in answers.values() if answer.result is not Result.ACCEPTED), "")
    letter.state, letter.next_try_at = _next(letter, now, not_before)
    letter.is_lacking = lacks_somebody(letter)
    letter.sending_since = None
    if letter.state == State.SENT:
        letter.sent_at = letter.sent_at or now
        if not letter.copy_state and accounts.wants_copies(letter):
            letter.copy_state, letter.copy_next_try_at = Outgoing.Copy.WAITING, now + COPY_AFTER
    letter.save(
        update_fields=["recipients", "said", "state", "is_lacking", "next_try_at", "sending_since", "sent_at",
                       "copy_state", "copy_next_try_at"]
    )  # fmt: skip
    level = logging.INFO if letter.state in (State.SENT, State.RETRYING) else logging.ERROR
    logger.log(level, "outbox: letter %d is %s after attempt %d", letter.pk, letter.state, letter.attempts)


def for_all(letter: Outgoing, state: Result, answer: Answer) -> dict[str, Answer]:
    """The same answer for every recipient that is in this state."""
    return {each["address"]: answer for each in letter.recipients if each["state"] == state}


def has_reached_somebody(recipients: Iterable[Mapping[str, str]]) -> bool:
    """Whether one of them has it, or perhaps has it."""
    return any(each["state"] not in (Result.WAITING, Result.REFUSED) for each in recipients)


def lacks_somebody(letter: Outgoing) -> bool:
    """Whether it has left and somebody outside has surely not got it."""
    return letter.state == State.SENT and not LOST.isdisjoint(_outside(letter))


def _outside(letter: Outgoing) -> set[str]:
    """The results of the others: whether the desk has got its own copy tells nobody."""
    own = inbox.own_addresses()
    others = {each["state"] for each in letter.recipients if each["address"] not in own}
    return others or {each["state"] for each in letter.recipients}


def _next(letter: Outgoing, now: datetime, not_before: datetime | None) -> tuple[str, datetime | None]:
    """The state that the recipients make, and when to look at the letter again."""
    results = {each["state"] for each in letter.recipients}
    if Result.UNKNOWN in results:
        return State.UNKNOWN, now
    if Result.WAITING in results:
        waited = now - (letter.leaves_at or letter.queued_at)
        return State.RETRYING, not_before or now + min(max(waited, SHORTEST_WAIT), LONGEST_WAIT)
    # Of several recipients each has his own answer; a letter that somebody got has left.
    return (State.SENT if _outside(letter) & {Result.ACCEPTED, Result.BOUNCED} else State.FAILED), None
