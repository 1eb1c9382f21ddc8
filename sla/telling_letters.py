"""Warnings by e-mail: given to the outbox in the transaction that says so, so each leaves once, whatever dies.

Each is a letter of its own. More than a few within a minute become one letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from mailbox import composing, outbox
from mailbox.composing import Mail, Person, WrongAddress
from mailbox.outbox import SendingIsOff
from sla import telling, warning_words
from sla.models import Told

Channel, State = Told.Channel, Told.State
# Letters to one person within a minute, before they are gathered.
MOST_A_MINUTE = 5
# People in one run.
MOST_PEOPLE = 100


def deliver(now: datetime) -> int:
    """Give what is due to the outbox; returns how many letters."""
    due = Told.objects.filter(channel=Channel.EMAIL, state=State.WAITING, next_try_at__lte=now)
    people = due.order_by("person").values_list("person", flat=True).distinct()[:MOST_PEOPLE]
    return sum(_deliver_to(person, now) for person in list(people))


@transaction.atomic
def _deliver_to(person: int, now: datetime) -> int:
    mine = Told.objects.filter(channel=Channel.EMAIL, person=person)
    due = mine.filter(state=State.WAITING, next_try_at__lte=now)
    telling.drop(due, now)
    rows = list(due.select_for_update(of=("self",), skip_locked=True).select_related("person").order_by("pk"))
    if not rows:
        return 0
    lately = mine.filter(sent_at__gt=now - timedelta(minutes=1)).values("outgoing").distinct().count()
    letters = [[row] for row in rows] if len(rows) + lately <= MOST_A_MINUTE else [rows]
    return sum([_queue(letter, now) for letter in letters])


def _queue(rows: Sequence[Told], now: datetime) -> bool:
    """Whether the letter is on its way; if not, the rows say why."""
    person, warnings = rows[0].person, telling.warnings_of(rows)
    try:
        mail = Mail(
            subject=warning_words.subject(warnings),
            text=warning_words.message(warnings, now),
            to=[Person(person.full_name, person.email)],
            now=now,
        )
        # Not counted among the answers that programs give, and not behind them: somebody has to act.
        outgoing = outbox.queue(composing.notice(None, mail), now=now)
    except (WrongAddress, SendingIsOff) as error:
        said = f"{type(error).__name__}: {error}"[:400]
        Told.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.FAILED, said=said, next_try_at=None)
        return False
    Told.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.SENT, sent_at=now, outgoing=outgoing, next_try_at=None
    )
    return True
