"""What happened to incidents, in the words that clocks understand: three queries however many incidents there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Min

from incidents.models import Incident, IncidentEmail, IncidentEvent, Status, StatusClass, WorkPeriod
from incidents.occurrences import STEPS
from mailbox.models import Email
from sla import clocks
from sla.clock import Change, Words

MERGED, UNDONE = "merged", "undone"


def of(incidents: Sequence[Incident]) -> dict[int, list[Change]]:
    """The history of each incident by its pk, in order; steps that were taken back have never been."""
    keys = [incident.pk for incident in incidents]
    statuses = {status.pk: status for status in Status.objects.all()}
    steps: dict[int, list[IncidentEvent]] = defaultdict(list)
    told = IncidentEvent.objects.filter(incident__in=keys, kind__in=STEPS | {MERGED, UNDONE})
    for event in told.select_related("actor").order_by("at", "id"):
        steps[event.incident_id].append(event)
    answers = _first_answers(keys)
    works: dict[int, list[WorkPeriod]] = defaultdict(list)
    for work in WorkPeriod.objects.filter(incident__in=keys):
        works[work.incident_id].append(work)
    return {
        incident.pk: sorted(
            [
                *_steps(incident, _standing(steps[incident.pk]), statuses),
                *_deeds(incident, answers.get(incident.pk)),
                *_works(works[incident.pk]),
            ],
            key=lambda change: change.at,
        )
        for incident in incidents
    }


def _standing(events: Iterable[IncidentEvent]) -> list[IncidentEvent]:
    """Without the steps that were taken back, and without the taking back."""
    events = list(events)
    undone = {event.data.get("undoes") for event in events} | {
        event.data.get("event") for event in events if event.kind == UNDONE
    }
    return [
        event for event in events if event.pk not in undone and not event.data.get("undoes") and event.kind != UNDONE
    ]


def _steps(incident: Incident, events: list[IncidentEvent], statuses: dict[int, Status]) -> list[Change]:
    """Opening and every step, and at last what the row says though no event tells of it, as imported ones do."""
    first = next((event.data.get("from") for event in events if event.data.get("from")), incident.status_id)
    status = statuses[first if first in statuses else incident.status_id]
    changes = [Change(incident.opened_at, frozenset({clocks.OPENED}), status.key)]
    for event in events:
        # Whatever an event says of earlier than the opening belongs to the opening: the first letter came late.
        at = max(event.at, incident.opened_at)
        by = event.actor.full_name if event.actor else ""
        if event.kind == MERGED:
            changes.append(Change(at, frozenset({clocks.END}), "", event.pk, by))
        elif event.data.get("to") in statuses:
            before, status = status, statuses[event.data["to"]]
            is_again = before.status_class == StatusClass.END != status.status_class
            words = _state_words(status) | ({clocks.REOPENED} if is_again else set())
            changes.append(Change(at, words, status.key, event.pk, by))
    said = {word for change in changes for word in change.words}
    for moment, word in (
        (incident.handed_over_at, clocks.HANDED_OVER),
        (incident.contractor_done_at, clocks.CONTRACTOR_DONE),
        (incident.closed_at, clocks.END),
    ):
        if moment and word not in said:
            changes.append(Change(max(moment, incident.opened_at), frozenset({word})))
    return changes


def _state_words(status: Status) -> Words:
    words = {f"status:{status.key}", f"class:{status.status_class}"}
    if status.hands_over:
        words.add(clocks.HANDED_OVER)
    if status.finishes_contractor:
        words.add(clocks.CONTRACTOR_DONE)
    return frozenset(words)


def _deeds(incident: Incident, answered_at: datetime | None) -> list[Change]:
    """The first deed of a person, the first letter of ours."""
    first = [(incident.first_action_at, clocks.ACTION), (answered_at, clocks.ANSWER)]
    return [Change(max(at, incident.opened_at), frozenset({word})) for at, word in first if at]


def _first_answers(keys: list[int]) -> dict[int, datetime]:
    ours = IncidentEmail.objects.filter(incident__in=keys, email__direction=Email.Direction.OUT)
    return dict(ours.order_by().values_list("incident").annotate(Min("email__received_at")))


def _works(periods: Iterable[WorkPeriod]) -> list[Change]:
    changes = []
    for period in periods:
        clock = clocks.of_work(period.kind)
        changes.append(Change(period.started_at, frozenset({f"{clock}:started"})))
        if period.ended_at:
            changes.append(Change(period.ended_at, frozenset({f"{clock}:ended"})))
    return changes
