"""Warnings on their way to people: a row for each person and channel, and what a person has seen on the desk.

    desk       SENT at once; unread until its person sees it
    Telegram   WAITING ─> SENDING ─> SENT         sla.telling_telegram
    e-mail     WAITING ─> SENT                    sla.telling_letters: given to the outbox, which sends each once

What is no longer true before somebody has seen it becomes DROPPED, everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Promise
from sla.clock import State as ClockState
from sla.models import DeadlineWarning, IncidentClock, Told
from sla.telling_people import People, not_before

if TYPE_CHECKING:
    from dispatchers.models import User

Channel, State, Kind = Told.Channel, Told.State, DeadlineWarning.Kind
OPEN_STATES = (State.WAITING, State.SENDING)
# Beside the desk.
OUTSIDE = (Channel.TELEGRAM, Channel.EMAIL)
# So long the page shows what became of a message that tried a channel.
TRIAL_SHOWN = timedelta(minutes=10)


def tell(warnings: Sequence[DeadlineWarning], now: datetime, *, only_managers: Collection[int] = ()) -> int:
    """Write to whom each warning goes, in the transaction that is open; returns how many rows.

    Of those whose keys are in `only_managers` the others know already.
    """
    people = People.of(warnings)
    rows = [
        _row(warning, person, channel, now)
        for warning in warnings
        for person, channels in people.audience(warning, only_managers=warning.pk in only_managers).items()
        for channel in channels
    ]
    return len(Told.objects.bulk_create(rows))


def _row(warning: DeadlineWarning | None, person: User, channel: Told.Channel, now: datetime) -> Told:
    row = Told(warning=warning, person=person, channel=channel, at=now)
    if channel == Channel.DESK:
        row.state, row.sent_at = State.SENT, now
    else:
        row.next_try_at = not_before(person, now)
    return row


def try_out(person: User, channel: Told.Channel, now: datetime) -> Told:
    """A message that only says that it arrives, whatever the hour. One that waits already is as good."""
    waits = Told.objects.filter(person=person, channel=channel, warning=None, state__in=OPEN_STATES).first()
    return waits or Told.objects.create(person=person, channel=channel, at=now, next_try_at=now)


def last_trial(person: User, channel: Told.Channel, now: datetime) -> Told | None:
    trials = Told.objects.filter(person=person, channel=channel, warning=None, at__gt=now - TRIAL_SHOWN)
    return trials.order_by("-pk").first()


def prefer(person: User, chosen: Mapping[str, Any]) -> None:
    """How this person wants to be warned, by the names of his fields."""
    for name, value in chosen.items():
        setattr(person, name, value)
    person.save(update_fields=list(chosen))


def warnings_of(rows: Sequence[Told]) -> list[DeadlineWarning]:
    """The warnings of these messages, as messages need them; nothing for one that only tries a channel."""
    wanted = [row.warning_id for row in rows if row.warning_id]
    found = DeadlineWarning.objects.filter(pk__in=wanted).order_by("pk")
    return list(found.select_related("incident__pole", "incident__assignee", "promise")) if wanted else []


# --- What is still true -----------------------------------------------------------------------


def outdated(rows: QuerySet[Told], now: datetime) -> QuerySet[Told]:
    """Those whose warning says something that is true no more; nothing of it has to be told."""
    clock = IncidentClock.objects.filter(
        incident=OuterRef("warning__incident"),
        clock=OuterRef("warning__clock"),
        due_at=OuterRef("warning__due_at"),
        state=ClockState.RUNNING,
    )
    waits = Promise.objects.filter(pk=OuterRef("warning__promise"), kept_at=None, cancelled_at=None)
    of_clock = Q(warning__kind__in=[Kind.NEAR, Kind.BREACH]) & ~Exists(clock)
    past = Q(warning__kind=Kind.NEAR, warning__due_at__lte=now)
    kept = Q(warning__kind=Kind.PROMISE) & ~Exists(waits)
    given = Q(warning__kind=Kind.NOBODY, warning__incident__assignee__isnull=False)
    gone = Q(warning__incident__closed_at__isnull=False)
    return rows.filter(gone | of_clock | past | kept | given, warning__isnull=False)


def drop_outdated(now: datetime) -> int:
    """Take back whatever nobody has seen or got yet and is true no more; returns how many rows."""
    unseen = Told.objects.filter(channel=Channel.DESK, read_at=None)
    waiting = Told.objects.filter(channel__in=OUTSIDE, state=State.WAITING)
    return drop(unseen, now) + drop(waiting, now)


def drop(rows: QuerySet[Told], now: datetime) -> int:
    """The same among these rows."""
    keys = list(outdated(rows, now).order_by().values_list("pk", flat=True))
    return Told.objects.filter(pk__in=keys, state__in=[State.SENT, State.WAITING], read_at=None).update(
        state=State.DROPPED, read_at=now, next_try_at=None
    )


# --- What a person has seen -------------------------------------------------------------------


def unread(person: User) -> QuerySet[Told]:
    """What stands on this person's desk and was not looked at, the newest first."""
    return Told.objects.filter(person=person, channel=Channel.DESK, read_at=None).order_by("-pk")


def see(person: User, now: datetime, *, keys: Iterable[int] | None = None, code: str = "") -> int:
    """The person has seen these warnings, or those of the incident; with neither, all. Returns how many were unread."""
    rows = unread(person)
    if keys is not None:
        rows = rows.filter(pk__in=list(keys))
    if code:
        rows = rows.filter(warning__incident__code=code)
    return rows.order_by().update(read_at=now)
