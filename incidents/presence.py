"""Who has an incident before him, and who is typing. It costs one statement a beat and leaves no events behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from incidents.events import CHANNEL
from incidents.models import Incident, Presence

if TYPE_CHECKING:
    from dispatchers.models import User

# An open page beats every twenty seconds (static/js/presence.js): one lost beat is forgiven, two are not.
FRESH = timedelta(seconds=45)
# While keys are pressed the page says so every five seconds.
TYPING = timedelta(seconds=12)

# The row is put, and open pages are told only if that changes what they show.
_BEAT = """
WITH before AS (
    SELECT seen_at > %(fresh)s AS here, COALESCE(typing_at > %(typing_since)s, FALSE) AS typing
    FROM incidents_presence WHERE incident_id = %(incident)s AND person_id = %(person)s
), put AS (
    INSERT INTO incidents_presence (incident_id, person_id, seen_at, typing_at)
    VALUES (%(incident)s, %(person)s, %(now)s, %(typing_at)s)
    ON CONFLICT (incident_id, person_id) DO UPDATE SET seen_at = EXCLUDED.seen_at, typing_at = EXCLUDED.typing_at
)
SELECT pg_notify(%(channel)s, %(said)s)
WHERE NOT EXISTS (SELECT FROM before WHERE here AND typing = %(typing)s)
"""


@dataclass(frozen=True, slots=True)
class Present:
    person: User
    is_typing: bool


def beat(incident: Incident, person: User, *, typing: bool, now: datetime) -> None:
    """The person has the incident before him now. Other pages hear of it when he came, began to type or stopped."""
    facts: dict[str, Any] = {
        "incident": incident.pk,
        "person": person.pk,
        "now": now,
        "fresh": now - FRESH,
        "typing": typing,
        "typing_at": now if typing else None,
        "typing_since": now - TYPING,
        "channel": CHANNEL,
        "said": _said(incident),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, facts)


@transaction.atomic
def leave(incident: Incident, person: User) -> None:
    """The person closed the page; other pages hear of it at once."""
    gone, _models = Presence.objects.filter(incident=incident, person=person).delete()
    if gone:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, _said(incident)])


def others(incident: Incident, person: User, now: datetime) -> list[Present]:
    """Who else has it before him, whoever types first."""
    rows = Presence.objects.filter(incident=incident, seen_at__gt=now - FRESH).exclude(person=person)
    present = [
        Present(row.person, row.typing_at is not None and row.typing_at > now - TYPING)
        for row in rows.select_related("person").order_by("person__last_name", "person_id")
    ]
    return sorted(present, key=lambda each: not each.is_typing)


def _said(incident: Incident) -> str:
    return json.dumps({"presence": incident.code})
