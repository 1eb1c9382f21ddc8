"""Finding what people have to be warned of: at deadlines that come near or are over, and where nobody has an incident.

Nothing is planned ahead. Each tick asks which clocks have reached a step that was not said about this very deadline,
so whatever was missed while nothing ran is found by the next one, and of several steps only the last is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from incidents import events
from incidents.events import Draft
from incidents.models import Incident, IncidentEmail, IncidentEvent
from sla import clocks, telling, warning_plans
from sla.clock import State
from sla.models import DeadlineWarning, IncidentClock
from sla.warning_plans import Plan

Kind = DeadlineWarning.Kind
EVENT = "warned"
# Incidents in one transaction.
TOGETHER = 100
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def find(now: datetime, *, since: datetime) -> int:
    """Say everything that has to be said by now; returns how much. What should have been said before `since` is not."""
    said = 0
    for plan in warning_plans.in_use(now):
        due = reached(plan, now, since)
        for keys in _in_parts(due.order_by("due_at").values_list("incident", flat=True)):
            said += _warn_of_clocks(plan, keys, now, since)
    for keys in _in_parts(unassigned(now, since).order_by("pk").values_list("pk", flat=True)):
        said += _warn_of_unassigned(keys, now, since)
    return said


def reached(plan: Plan, now: datetime, since: datetime) -> QuerySet[IncidentClock]:
    """Running clocks that have reached a step of the plan and were not warned of it, with `step` and `planned`."""
    steps = sorted(plan.steps)
    came = [Q(due_at__lte=now + timedelta(minutes=step)) for step in steps]
    planned = [F("due_at") - timedelta(minutes=step) for step in steps]
    # What is over stays over when the deadline moves within the past; one that is near again is news.
    again = [each if step <= 0 else Value(NEVER) for step, each in zip(steps, planned, strict=True)]
    moments = DateTimeField()
    rows = IncidentClock.objects.filter(
        came[-1], clock=plan.clock, state=State.RUNNING, version=plan.version, rule=plan.rule
    ).annotate(
        step=Case(*(When(q, then=Value(s)) for q, s in zip(came, steps, strict=True)), output_field=IntegerField()),
        planned=Case(*(When(q, then=p) for q, p in zip(came, planned, strict=True)), output_field=moments),
        again=Case(*(When(q, then=a) for q, a in zip(came, again, strict=True)), output_field=moments),
    )
    said = DeadlineWarning.objects.filter(
        Q(due_at=OuterRef("due_at")) | Q(at__gte=OuterRef("again")),
        incident=OuterRef("incident"),
        clock=OuterRef("clock"),
        step__lte=OuterRef("step"),
    )
    history = _history("incident", "planned")
    return rows.filter(
        ~Exists(said), ~Exists(history), planned__gte=since, incident__closed_at=None, incident__merged_into=None
    )


def unassigned(now: datetime, since: datetime) -> QuerySet[Incident]:
    """Open incidents that nobody has for too long, with `limit`: the moment when it was too long.

    As long as nobody has done anything at all, the clock of the first deed speaks of it.
    """
    wait = timedelta(minutes=settings.UNASSIGNED_WARN_MINUTES)
    given = IncidentEvent.objects.filter(incident=OuterRef("pk"), kind__in=["assigned", "reopened"]).order_by("-pk")
    acts = IncidentClock.objects.filter(incident=OuterRef("pk"), clock=clocks.FIRST_ACTION, state=State.RUNNING)
    said = DeadlineWarning.objects.filter(incident=OuterRef("pk"), kind=Kind.NOBODY, due_at=OuterRef("limit"))
    free = Incident.objects.open().filter(assignee=None, merged_into=None)
    waiting = free.annotate(limit=Coalesce(Subquery(given.values("at")[:1]), F("opened_at")) + Value(wait))
    history = _history("pk", "limit")
    return waiting.filter(~Exists(acts), ~Exists(said), ~Exists(history), limit__lte=now, limit__gte=since)


def warn_of_promises(missed: Sequence[IncidentEvent]) -> None:
    """What somebody outside promised and did not do, in the transaction that notes it."""
    rows = [
        DeadlineWarning(
            incident=event.incident,
            kind=Kind.PROMISE,
            promise_id=event.data["promise"],
            due_at=datetime.fromisoformat(event.data["due"]),
            planned_at=datetime.fromisoformat(event.data["due"]),
            at=event.at,
        )
        for event in missed
    ]
    if rows:
        telling.tell(DeadlineWarning.objects.bulk_create(rows), missed[0].at)


def _history(incident: str, moment: str) -> QuerySet[IncidentEmail]:
    """Letters of a mailbox that was connected long after them: what was over before they came alarms nobody."""
    return IncidentEmail.objects.filter(
        incident=OuterRef(incident),
        way=IncidentEmail.Way.OPENED,
        email__receipts__is_old=True,
        email__receipts__stored_at__gte=OuterRef(moment),
    )


def _in_parts(keys: QuerySet[Incident, int] | QuerySet[IncidentClock, int]) -> Iterator[list[int]]:
    found = list(keys)
    return (found[start : start + TOGETHER] for start in range(0, len(found), TOGETHER))


@transaction.atomic
def _warn_of_clocks(plan: Plan, keys: Sequence[int], now: datetime, since: datetime) -> int:
    # Asked again under the locks: meanwhile somebody may have closed it, or said the same.
    due = reached(plan, now, since).filter(incident__in=_locked(keys)).order_by("due_at")
    found = list(due.select_related("incident__assignee"))
    over = DeadlineWarning.objects.filter(
        clock=plan.clock, incident__in=[each.incident_id for each in found], step__lte=0
    )
    told_over = set(over.values_list("incident", "due_at"))
    rows = [
        DeadlineWarning(
            incident=each.incident,
            kind=Kind.NEAR if each.step > 0 else Kind.BREACH,  # type: ignore[attr-defined]
            clock=plan.clock,
            due_at=each.due_at,  # type: ignore[misc] # A clock that runs has one.
            step=each.step,  # type: ignore[attr-defined]
            planned_at=each.planned,  # type: ignore[attr-defined]
            at=now,
            is_escalated=plan.is_for_managers(each.step),  # type: ignore[attr-defined]
        )
        for each in found
    ]
    known = [row for row in rows if (row.incident_id, row.due_at) in told_over]
    return _write(rows, now, only_managers=known)


@transaction.atomic
def _warn_of_unassigned(keys: Sequence[int], now: datetime, since: datetime) -> int:
    rows = [
        DeadlineWarning(
            incident=incident,
            kind=Kind.NOBODY,
            due_at=incident.limit,  # type: ignore[attr-defined]
            planned_at=incident.limit,  # type: ignore[attr-defined]
            at=now,
        )
        for incident in unassigned(now, since).filter(pk__in=_locked(keys)).order_by("pk")
    ]
    return _write(rows, now)


def _locked(keys: Sequence[int]) -> list[int]:
    """Those that nobody is changing at this moment; the others are for the next tick."""
    rows = Incident.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=keys)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _write(rows: list[DeadlineWarning], now: datetime, only_managers: Sequence[DeadlineWarning] = ()) -> int:
    said = DeadlineWarning.objects.bulk_create(rows)
    if said:
        telling.tell(said, now, only_managers={row.pk for row in only_managers})
        events.record_many([Draft(row.incident, EVENT, now, {"warning": row.pk}) for row in said])
    return len(said)
