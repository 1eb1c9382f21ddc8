"""What people outside promised, and by when. A promise waits until it is kept, cancelled or missed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from incidents import clocks, events, services
from incidents.clocks import ClockFace
from incidents.errors import DomainError
from incidents.models import Incident, Promise
from incidents.work import open_incident

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from dispatchers.models import User

KEPT, CANCELLED = "promise_kept", "promise_cancelled"


def of(incident: Incident) -> QuerySet[Promise]:
    """What was promised here, and on incidents that were merged into this one."""
    here = Incident.objects.filter(Q(pk=incident.pk) | Q(merged_into=incident))
    # By their keys, so that the index of promises is used.
    return Promise.objects.filter(incident__in=here.values("pk"))


@transaction.atomic
def promise(incident: Incident, *, giver: str, text: str, due_at: datetime, by: User, at: datetime) -> Promise:
    """Keep what somebody outside promised. From now on the next move is his."""
    incident = open_incident(incident)
    given = Promise.objects.create(incident=incident, by=giver, text=text, due_at=due_at, author=by, at=at)
    fields = []
    if incident.ball != giver:
        incident.ball, incident.ball_since = giver, at
        fields = ["ball", "ball_since"]
    services.touch(incident, *fields, by=by, at=at)
    _record(incident, "promised", given, by=by, at=at)
    return given


@transaction.atomic
def settle(given: Promise, kind: str, *, by: User, at: datetime) -> Promise:
    """It was kept, also when late, or is no longer waited for. A promise is settled once."""
    incident = services.workable(given.incident.final)
    given = Promise.objects.get(pk=given.pk)
    if given.kept_at or given.cancelled_at:
        raise DomainError(_("This promise has been settled already."))
    field = "kept_at" if kind == KEPT else "cancelled_at"
    setattr(given, field, at)
    given.save(update_fields=[field])
    services.touch(incident, by=by, at=at)
    _record(incident, kind, given, by=by, at=at)
    return given


def note_missed(now: datetime, limit: int = 200) -> int:
    """Say once of each promise whose moment has passed that it was missed; returns how many.

    Nobody waits for what was promised on an incident that is closed by now; one that was merged goes on elsewhere.
    """
    waiting = Promise.objects.filter(due_at__lte=now, kept_at=None, cancelled_at=None, missed_at=None)
    due = waiting.order_by("due_at").select_related("incident")
    return sum(_miss(given, now) for given in due[:limit])


@transaction.atomic
def _miss(given: Promise, now: datetime) -> bool:
    # The incident first, as everybody else: two who lock in another order would wait for each other.
    incident = services.locked(given.incident.final)
    waiting = Promise.objects.filter(pk=given.pk, kept_at=None, cancelled_at=None, missed_at=None)
    if not incident.is_open:
        waiting.update(cancelled_at=now)
        return False
    if not waiting.update(missed_at=now):
        return False
    given.missed_at = now
    _record(incident, "promise_missed", given, by=None, at=now)
    return True


def clock(given: Promise, now: datetime) -> ClockFace:
    """Counts down to the promised moment, and on beyond it."""
    return clocks.running(given.at, given.due_at, now)


def _record(incident: Incident, kind: str, given: Promise, *, by: User | None, at: datetime) -> None:
    facts = {"promise": given.pk, "by": given.by, "text": given.text, "due": given.due_at.isoformat()}
    events.record(incident, kind, actor=by, at=at, **facts)
