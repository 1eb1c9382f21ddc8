"""Sending warnings by Telegram: one process at a time, one message for all that waits for a person.

    WAITING ─> SENDING ─> SENT
       ^          ├─────> WAITING   nobody answered, or it is too much: tried again by plan
       │          ├─────> FAILED    the chat is gone, or it is too late for it
       └──────────┴─────> UNKNOWN   handed over twice without an answer, or the sender died over it twice

The rows are SENDING before the call, so whatever dies in between is found. Telegram knows no key by which a message
could be asked for, so what is unknown is sent once more, and says so: a warning that comes twice costs a glance, one
that does not come costs the deadline. Never more than twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest

from mailbox import telegram
from mailbox.locks import alone
from mailbox.telegram import NotSent
from sla import telling, warning_words
from sla.models import Told

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Channel, State = Told.Channel, Told.State
LOCK = 0x5447
# One run does not go on longer than this; the rest is for the next one.
RUN_SECONDS = 20.0
# Telegram takes thirty messages a second, one a second of a chat.
PAUSE_SECONDS = 0.04
PER_CHAT = timedelta(seconds=1)
# Before the next attempt; the last one is repeated.
PLAN = [timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300)]
GIVEN_UP_AFTER = timedelta(hours=6)
# Attempts whose fate is unknown, before nobody tries any more.
MOST_DOUBTS = 2
# Servers that do not answer are not asked for everybody in turn.
MOST_FAILURES = 2
LOST = "the sending process died"


def deliver(*, now: Clock) -> int:
    """Send what is due; returns how many messages left. Whoever sends already is not disturbed."""
    if not _waiting().exists():
        return 0
    with alone(LOCK, 0) as is_alone:
        return _deliver(now) if is_alone else 0


def _deliver(now: Clock) -> int:
    if not settings.TG_TOKEN:
        _waiting().update(state=State.FAILED, said="Telegram is not set up", next_try_at=None)
        return 0
    _doubt(list(_rows().filter(state=State.SENDING)), LOST, now())
    until, sent, failures = time.monotonic() + RUN_SECONDS, 0, 0
    while time.monotonic() < until and failures < MOST_FAILURES and (rows := _claim(now())):
        try:
            _send(rows, now())
        except NotSent as error:
            failures += 1
            _fail(rows, error, now())
        else:
            sent += 1
            _note_sent(rows, now())
        time.sleep(PAUSE_SECONDS)
    return sent


def _rows() -> QuerySet[Told]:
    return Told.objects.filter(channel=Channel.TELEGRAM)


def _waiting() -> QuerySet[Told]:
    return _rows().filter(state__in=telling.OPEN_STATES)


@transaction.atomic
def _claim(now: datetime) -> list[Told]:
    """All that is due for whoever waits longest; what may have come already goes apart from what surely has not."""
    just_spoken_to = _rows().filter(person=OuterRef("person"), sent_at__gt=now - PER_CHAT)
    due = _rows().filter(state=State.WAITING, next_try_at__lte=now)
    for first in due.filter(~Exists(just_spoken_to)).order_by("next_try_at", "pk")[:1]:
        telling.drop(due.filter(person=first.person_id), now)
        same = (
            due.filter(person=first.person_id, doubts__gt=0)
            if first.doubts
            else due.filter(person=first.person_id, doubts=0)
        )
        rows = list(same.select_for_update(of=("self",)).select_related("person").order_by("pk"))
        for row in rows:
            row.state, row.attempts = State.SENDING, row.attempts + 1
        Told.objects.bulk_update(rows, ["state", "attempts"])
        return rows or _claim(now)
    return []


def _send(rows: Sequence[Told], now: datetime) -> None:
    person = rows[0].person
    if not person.telegram_chat:
        raise NotSent("no chat is known", is_final=True)
    warnings = telling.warnings_of(rows)
    telegram.send(person.telegram_chat, warning_words.message(warnings, now, is_repeated=bool(rows[0].doubts)))


def _note_sent(rows: Sequence[Told], now: datetime) -> None:
    keys = [row.pk for row in rows]
    Told.objects.filter(pk__in=keys).update(state=State.SENT, sent_at=now, said="", next_try_at=None)
    person = rows[0].person
    if person.telegram_broken:
        person.telegram_broken = ""
        person.save(update_fields=["telegram_broken"])


def _fail(rows: Sequence[Told], error: NotSent, now: datetime) -> None:
    logger.warning("telegram: %d warnings for person %d: %s", len(rows), rows[0].person_id, error)
    if error.is_final:
        _break(rows, str(error))
    elif error.is_unknown:
        _doubt(rows, str(error), now)
    else:
        _postpone(rows, error, now)


def _break(rows: Sequence[Told], why: str) -> None:
    """The chat takes nothing; its person is told on his page, and what waits for him would fail alike."""
    person = rows[0].person
    person.telegram_broken = why[:300]
    person.save(update_fields=["telegram_broken"])
    _waiting().filter(person=person).update(state=State.FAILED, said=why, next_try_at=None)


def _doubt(rows: Sequence[Told], why: str, now: datetime) -> None:
    for row in rows:
        row.doubts, row.said = row.doubts + 1, why
        is_over = row.doubts >= MOST_DOUBTS
        row.state, row.next_try_at = (State.UNKNOWN, None) if is_over else (State.WAITING, now + PLAN[0])
    Told.objects.bulk_update(rows, ["doubts", "said", "state", "next_try_at"])


def _postpone(rows: Sequence[Told], error: NotSent, now: datetime) -> None:
    """By plan, and never before the server allows it, to nobody: it does not say whom it means."""
    for row in rows:
        is_over = now - row.at > GIVEN_UP_AFTER
        wait = max(PLAN[min(row.attempts, len(PLAN)) - 1], error.after or timedelta())
        row.state, row.next_try_at = (State.FAILED, None) if is_over else (State.WAITING, now + wait)
        row.said = str(error)
    Told.objects.bulk_update(rows, ["state", "next_try_at", "said"])
    if error.after:
        others = _rows().filter(state=State.WAITING, next_try_at__lt=now + error.after)
        others.update(next_try_at=Greatest(F("next_try_at"), now + error.after))
