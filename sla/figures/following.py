"""Keeping the figures up with what happens, by the numbers of events and letters.

Numbers are given before their transactions end, so a smaller one may appear after a larger one. A step therefore reads
everything beyond `sure` again, and moves `sure` only when every transaction that was open when it looked has ended.
PostgreSQL's snapshots tell: whoever records an event has locked or written its incident before, so his transaction has
a number by then. Reading an incident twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Max

from incidents.models import FailedReaction, IncidentEvent
from mailbox.locks import alone
from mailbox.models import Email
from sla.figures import facts, letter_sums, sql, sums
from sla.models import Followed

LOCK_KIND = 0x51A
# The registry's changes become visible when its synchronisation has ended, which takes less than this.
_SYNC = timedelta(minutes=10)
# No transaction stays open while so many events are recorded elsewhere.
_MARGIN = 50_000
_AT_ONCE = 2000
# Regions are taken from the registry, which tells no events.
_MOVED = """
SELECT fact.incident_id FROM towers_pole pole JOIN incidents_incident i ON i.pole_id = pole.id
JOIN sla_fact fact ON fact.incident_id = i.id LEFT JOIN sla_region region ON region.name = pole.region_ru
WHERE pole.updated_at >= %(since)s AND fact.region <> coalesce(region.id, 0)
"""


@contextmanager
def writing() -> Iterator[bool]:
    """Whether nobody else writes figures; held to the end of the block."""
    with alone(LOCK_KIND, 0) as is_alone:
        yield is_alone


def state() -> Followed | None:
    """How far the figures are; None where they were never made, or for the days of another zone."""
    return Followed.objects.filter(zone=facts.zone()).first()


def note(now: datetime) -> None:
    """Where to follow from, before everything is counted for the first time; nothing holds until `done` says so."""
    event, email = _newest(IncidentEvent), _newest(Email)
    Followed.objects.all().delete()
    Followed.objects.create(
        sure_event=max(event - _MARGIN, 0),
        seen_event=event,
        sure_email=max(email - _MARGIN, 0),
        seen_email=email,
        horizon=_snapshot()[1],
        at=now,
    )


def done(now: datetime) -> None:
    """Everything is counted as it was at this moment, or later."""
    Followed.objects.update(zone=facts.zone(), stamp=uuid4(), at=now)


def follow(now: datetime) -> bool:
    """Count what has happened since the last step; False if somebody else writes, or nothing was ever counted."""
    with writing() as is_alone:
        known = state() if is_alone else None
        if known is None:
            return False
        with transaction.atomic():
            _step(known, now)
    return True


def _step(known: Followed, now: datetime) -> None:
    horizon = _snapshot()[0]
    events = IncidentEvent.objects.filter(pk__gt=known.sure_event).order_by()
    keys = set(events.values_list("incident", flat=True).distinct())
    seen_event, seen_email = _newest(IncidentEvent), _newest(Email)
    failing = list(FailedReaction.objects.values_list("event__incident", flat=True).distinct())
    facts.learn_regions()
    keys |= {*failing, *known.again, *_moved(known.at - _SYNC)}
    months = refresh(sorted(keys))
    sums.forget(months)
    if letter_sums.count(letter_sums.days_beyond(known.sure_email)) or months:
        known.stamp = uuid4()
    if horizon >= known.horizon:
        known.sure_event, known.sure_email = known.seen_event, known.seen_email
        known.seen_event, known.seen_email, known.horizon = seen_event, seen_email, _snapshot()[1]
    # What a reaction that failed has still to do comes without a new event.
    known.again, known.at = failing, now
    known.save()


def refresh(keys: Sequence[int]) -> set[date]:
    """Bring the facts of however many incidents up to what is true; returns the months whose sums are wrong now."""
    months: set[date] = set()
    for start in range(0, len(keys), _AT_ONCE):
        months |= facts.refresh(keys[start : start + _AT_ONCE])
    return months


def _moved(since: datetime) -> list[int]:
    return [key for (key,) in sql.rows(_MOVED, {"since": since})]


def _newest(model: type[IncidentEvent] | type[Email]) -> int:
    return model._default_manager.aggregate(Max("pk"))["pk__max"] or 0


def _snapshot() -> tuple[int, int]:
    """(every transaction with a smaller number has ended, every number yet to be given is at least this)."""
    snapshot = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, pg_snapshot_xmax(pg_current_snapshot())::text"
    ((low, high),) = sql.rows(snapshot, {})
    return int(low), int(high)
