""" "Wake me at 15:00": reminders are a person's own; when one is due, that person's open pages say so."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from incidents import events, services
from incidents.models import Incident, Reminder

if TYPE_CHECKING:
    from dispatchers.models import User


def of_person(person: User) -> QuerySet[Reminder]:
    """What the person still wants to be told, the next one first."""
    waiting = Reminder.objects.filter(person=person, done_at=None).order_by("at", "pk")
    return waiting.select_related("incident__status", "incident__pole")


def due(person: User, now: datetime) -> QuerySet[Reminder]:
    """Those whose moment has come."""
    return of_person(person).filter(at__lte=now)


@transaction.atomic
def remind(incident: Incident, *, at: datetime, text: str, by: User, now: datetime) -> Reminder:
    """Remind this person of the incident at that moment."""
    incident = services.workable(incident)
    reminder = Reminder.objects.create(incident=incident, person=by, at=at, text=text)
    _record(reminder, "reminder_set", by, now)
    return reminder


@transaction.atomic
def snooze(reminder: Reminder, *, until: datetime, by: User, now: datetime) -> Reminder:
    """Put it off; it rings again. One that is done comes back."""
    reminder = _fresh(reminder)
    reminder.at, reminder.rung_at, reminder.done_at = until, None, None
    reminder.save(update_fields=["at", "rung_at", "done_at"])
    _record(reminder, "reminder_moved", by, now)
    return reminder


@transaction.atomic
def finish(reminder: Reminder, *, by: User, now: datetime) -> Reminder:
    """It is done. Doing it twice is harmless and records nothing."""
    reminder = _fresh(reminder)
    if reminder.done_at is None:
        reminder.done_at = now
        reminder.save(update_fields=["done_at"])
        _record(reminder, "reminder_done", by, now)
    return reminder


def ring(now: datetime, limit: int = 200) -> int:
    """Tell open pages once of each reminder whose moment has come; returns how many."""
    silent = Reminder.objects.filter(at__lte=now, done_at=None, rung_at=None).order_by("at")
    return sum(_ring(reminder, now) for reminder in silent.select_related("incident")[:limit])


@transaction.atomic
def _ring(reminder: Reminder, now: datetime) -> bool:
    services.locked(reminder.incident)
    silent = Reminder.objects.filter(pk=reminder.pk, at__lte=now, done_at=None, rung_at=None)
    if not silent.update(rung_at=now):
        return False
    _record(reminder, "reminder_due", None, now)
    return True


def _fresh(reminder: Reminder) -> Reminder:
    """The row as it is, after the incident's lock: everybody locks in this order."""
    services.locked(reminder.incident)
    return Reminder.objects.select_related("incident").get(pk=reminder.pk)


def _record(reminder: Reminder, kind: str, by: User | None, now: datetime) -> None:
    facts = {"reminder": reminder.pk, "person": reminder.person_id, "due": reminder.at.isoformat()}
    events.record(reminder.incident, kind, actor=by, at=now, **facts)
