"""Floods: senders that open too many incidents within an hour, incidents that get too many letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import connection

from incidents.models import Incident, IncidentEmail
from mailbox.rules import FLOOD_SPAN

# Counting stops at the limit: a robot's thousands cost no more than a person's dozen. The index is incident_by_sender.
OPENED = """
SELECT sender, (
    SELECT count(*) FROM (
        SELECT 1 FROM incidents_incident
        WHERE lower(requester_email) = sender AND registration = 'mail' AND opened_at > %(since)s LIMIT %(most)s
    ) AS theirs
) FROM unnest(%(senders)s::text[]) AS sender
"""


def opened_lately(senders: Collection[str], now: datetime) -> Counter[str]:
    """How many incidents letters of each address opened within the last hour, counted up to the limit of an hour.

    Addresses come in any case and are answered in lower case.
    """
    if not senders:
        return Counter()
    with connection.cursor() as cursor:
        cursor.execute(
            OPENED,
            {
                "senders": sorted({sender.lower() for sender in senders}),
                "since": now - FLOOD_SPAN,
                "most": settings.INCIDENTS_PER_SENDER_HOUR,
            },
        )
        return Counter({sender: number for sender, number in cursor.fetchall() if number})


def flooded(incidents: Collection[int], now: datetime) -> set[int]:
    """Incidents that got more letters within the last hour than a person can want to be told of."""
    if not incidents:
        return set()
    busy = Incident.objects.filter(pk__in=incidents, letter_count__gte=settings.LETTERS_PER_INCIDENT_HOUR)
    places = IncidentEmail.objects.filter(incident__in=busy, email__received_at__gt=now - FLOOD_SPAN)
    counts = Counter(places.values_list("incident", flat=True))
    return {pk for pk, number in counts.items() if number >= settings.LETTERS_PER_INCIDENT_HOUR}
