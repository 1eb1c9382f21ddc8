"""Writing the timeline, and running what the settings say happens next."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from incidents.models import FailedReaction, Incident, IncidentEvent

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)

# Pages that are open listen here; the payload is ids only, permission is checked when the page asks.
CHANNEL = "dispatch"
RETRY_AFTER = [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)]

# Who did in another program what is done here now; kept with the events, and shown.
ELSEWHERE = "elsewhere"
_elsewhere: ContextVar[str] = ContextVar("who did it in another program", default="")
_waiting: ContextVar[list[IncidentEvent] | None] = ContextVar("events whose reactions wait", default=None)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is about to be recorded; no actor: Dispatch itself."""

    incident: Incident
    kind: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    actor: User | None = None


def record(incident: Incident, kind: str, *, actor: User | None, at: datetime, **data: Any) -> IncidentEvent:
    """Append to the incident's timeline, tell open pages, run the reactions configured for this kind."""
    return record_many([Draft(incident, kind, at, data, actor)])[0]


def record_many(drafts: Sequence[Draft]) -> list[IncidentEvent]:
    """Record events in this order; two queries however many they are.

    Every deed of a person passes here, so whoever calls the services, nobody works incidents who may not.
    """
    for draft in drafts:
        if draft.actor is not None and not draft.actor.has_perm("incidents.work_incident"):
            raise PermissionDenied
    whose = {ELSEWHERE: _elsewhere.get()} if _elsewhere.get() else {}
    events = IncidentEvent.objects.bulk_create(
        IncidentEvent(incident=each.incident, kind=each.kind, actor=each.actor, at=each.at, data={**each.data, **whose})
        for each in drafts
    )
    _tell(events)
    waiting = _waiting.get()
    if waiting is None:
        _react(events)
    else:
        waiting += events
    return events


def _tell(events: Sequence[IncidentEvent]) -> None:
    payloads = [json.dumps({"event": event.pk, "code": event.incident.code, "kind": event.kind}) for event in events]
    with connection.cursor() as cursor:
        # Delivered at commit, dropped with a rollback.
        cursor.execute("SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload", [CHANNEL, payloads])


@contextmanager
def reactions_at_the_end() -> Iterator[None]:
    """Inside, events are recorded at once and their reactions run when the block ends, together by kind.

    Who takes many letters in one transaction locks their incidents first and the choosers' lock last.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting: list[IncidentEvent] = []
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    _react(waiting)


@contextmanager
def done_elsewhere(name: str) -> Iterator[None]:
    """Inside, events say that this person did it in another program; what follows from them by itself does not."""
    token = _elsewhere.set(name)
    try:
        yield
    finally:
        _elsewhere.reset(token)


def _react(events: Sequence[IncidentEvent]) -> None:
    by_kind: dict[str, list[IncidentEvent]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    with done_elsewhere(""):
        for kind, same in by_kind.items():
            for path in (*settings.INCIDENT_REACTIONS.get(kind, ()), *settings.INCIDENT_REACTIONS.get("*", ())):
                run_reaction(path, same)


def run_reaction(path: str, events: Sequence[IncidentEvent]) -> bool:
    """Run one reaction for events of one kind in a savepoint; False if it raised for any of them.

    A broken reaction must not lose an incident: only its own work is rolled back, the sweep tries again.
    """
    try:
        with transaction.atomic():
            import_string(path)(events)
    except Exception as error:
        if len(events) > 1:
            return all([run_reaction(path, [event]) for event in events])
        logger.exception("reaction %s failed for event %s", path, events[0].pk)
        _note_failure(path, events[0], error)
        return False
    return True


def _note_failure(path: str, event: IncidentEvent, error: Exception) -> None:
    row, created = FailedReaction.objects.get_or_create(event=event, path=path, defaults={"error": repr(error)})
    if not created:
        row.attempts += 1
        row.error = repr(error)
        row.next_try_at = timezone.now() + RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
        row.save()


def retry_failed(now: datetime, limit: int = 50) -> int:
    """Try failed reactions again whose time has come; returns how many went well."""
    went_well = 0
    for pk in FailedReaction.objects.filter(next_try_at__lte=now).values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            row = FailedReaction.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if row and run_reaction(row.path, [row.event]):
                row.delete()
                went_well += 1
    return went_well
