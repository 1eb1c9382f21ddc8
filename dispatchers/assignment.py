"""Giving incidents to the freest dispatcher, one choice at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction

from dispatchers.choosing import Candidate, freest
from dispatchers.models import User
from incidents import services
from incidents.models import Incident

# One chooser at a time: held to the end of the transaction, so the next one counts these incidents too.
LOCK = 0x_D15_A7C4


def give(incident: Incident, *, at: datetime) -> User | None:
    """Give an unassigned open incident to the freest; None if it is taken, closed or nobody is eligible."""
    return give_all({incident.pk: at}).get(incident.pk)


@transaction.atomic
def give_all(moments: Mapping[int, datetime]) -> dict[int, User]:
    """Give each of these incidents (id: moment) that is open and nobody's; returns who got which.

    Rows are locked before the choosers' lock, everywhere in this order, so two choosers cannot deadlock. One that
    somebody else is busy with is left alone: if it is nobody's after that, the next `hand_out` finds it.
    """
    rows = Incident.objects.select_for_update(of=("self",), skip_locked=True)
    rows = rows.filter(pk__in=moments, assignee=None, closed_at=None)
    waiting = sorted(rows.order_by("pk"), key=lambda incident: (incident.opened_at, incident.pk))
    if not waiting:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    people = User.objects.eligible().in_bulk()
    # Counted on the open ones alone: a person's history only grows.
    loads = Incident.objects.open_by_person()
    everybody = {pk: Candidate(pk, loads.get(pk, 0), person.last_given_at) for pk, person in people.items()}
    given: dict[int, User] = {}
    why: dict[int, dict[str, dict[str, int]]] = {}
    for incident in waiting:
        chosen = freest(everybody.values())
        if chosen is None:
            break
        given[incident.pk] = people[chosen.id]
        why[incident.pk] = {"loads": {str(each.id): each.open_incidents for each in everybody.values()}}
        everybody[chosen.id] = Candidate(chosen.id, chosen.open_incidents + 1, moments[incident.pk])
    services.give([(each, given[each.pk], moments[each.pk], why[each.pk]) for each in waiting if each.pk in given])
    for person in set(given.values()):
        User.objects.filter(pk=person.pk).update(last_given_at=everybody[person.pk].last_given_at)
    return given


def hand_out(*, at: datetime, limit: int = 200) -> int:
    """Give every waiting incident, the oldest first, as long as somebody is eligible; returns how many."""
    if not User.objects.eligible().exists():
        return 0
    waiting = Incident.objects.open().filter(assignee=None).order_by("opened_at", "pk")
    return len(give_all(dict.fromkeys(waiting.values_list("pk", flat=True)[:limit], at)))
