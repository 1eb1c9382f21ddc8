"""Writing the timeline, and running what the settings say happens next."""

from __future__ import annotations

import json
import logging
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


def record(incident: Incident, kind: str, *, actor: User | None, at: datetime, **data: Any) -> IncidentEvent:
    """Append to the incident's timeline, tell open pages, run the reactions configured for this kind.

    Every deed of a person passes here, so whoever calls the services, nobody works incidents who may not.
    """
    if actor is not None and not actor.has_perm("incidents.work_incident"):
        raise PermissionDenied
    event = IncidentEvent.objects.create(incident=incident, kind=kind, actor=actor, at=at, data=data)
    payload = json.dumps({"event": event.pk, "code": incident.code, "kind": kind})
    with connection.cursor() as cursor:
        # Delivered at commit, dropped with a rollback.
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
    for path in (*settings.INCIDENT_REACTIONS.get(kind, ()), *settings.INCIDENT_REACTIONS.get("*", ())):
        run_reaction(path, event)
    return event


def run_reaction(path: str, event: IncidentEvent) -> bool:
    """Run one reaction in its own savepoint; False if it raised.

    A broken reaction must not lose the incident: only its own work is rolled back, the sweep tries again.
    """
    try:
        with transaction.atomic():
            import_string(path)(event)
    except Exception as error:
        logger.exception("reaction %s failed for event %s", path, event.pk)
        row, created = FailedReaction.objects.get_or_create(event=event, path=path, defaults={"error": repr(error)})
        if not created:
            row.attempts += 1
            row.error = repr(error)
            row.next_try_at = timezone.now() + RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
            row.save()
        return False
    FailedReaction.objects.filter(event=event, path=path).delete()
    return True


def retry_failed(now: datetime, limit: int = 50) -> int:
    """Try failed reactions again whose time has come; returns how many went well."""
    went_well = 0
    for pk in FailedReaction.objects.filter(next_try_at__lte=now).values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            row = FailedReaction.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if row:
                went_well += run_reaction(row.path, row.event)
    return went_well
