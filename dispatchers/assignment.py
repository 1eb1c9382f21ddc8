"""Giving incidents to the freest dispatcher, one at a time."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from dispatchers.choosing import Candidate, freest
from dispatchers.models import User
from incidents import services
from incidents.models import Incident

# One choice at a time: held to the end of the transaction, so the next chooser counts this incident too.
LOCK = 0x_D15_A7C4


def candidates() -> list[Candidate]:
    """Everybody eligible, with the number of incidents open in his name."""
    # Counted on the open ones alone: a person's history only grows.
    loads = Incident.objects.open_by_person()
    rows = User.objects.eligible().values_list("pk", "last_given_at")
    return [Candidate(pk, loads.get(pk, 0), given) for pk, given in rows]


@transaction.atomic
def give(incident: Incident, *, at: datetime) -> User | None:
    """Give an unassigned open incident to the freest; None if it is taken, closed or nobody is eligible.

    The row is locked before the choosers' lock, everywhere in this order, so two choosers cannot deadlock.
    """
    locked = Incident.objects.select_for_update(of=("self",)).filter(pk=incident.pk, assignee=None, closed_at=None)
    if not locked.first():
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    everybody = candidates()
    chosen = freest(everybody)
    if chosen is None:
        return None
    person: User = User.objects.get(pk=chosen.id)
    why = {"loads": {str(c.id): c.open_incidents for c in everybody}}
    services.assign(incident, to=person, by=None, at=at, why=why)
    User.objects.filter(pk=person.pk).update(last_given_at=at)
    return person


def hand_out(*, at: datetime, limit: int = 200) -> int:
    """Give every waiting incident, the oldest first, as long as somebody is eligible; returns how many."""
    given = 0
    for incident in Incident.objects.open().filter(assignee=None).order_by("opened_at", "pk")[:limit]:
        if not User.objects.eligible().exists():
            break
        given += give(incident, at=at) is not None
    return given
