"""Bringing the stored clocks of incidents up to what their events say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from incidents import services
from incidents.models import Incident
from sla import clocks, history
from sla.clock import Change, Reading, Rule, State, read
from sla.models import IncidentClock
from sla.policies import Policies
from sla.policy import Policy

# What the desk itself sorts and filters by stands on the incident's own row.
DUE_ON_THE_ROW = {
    clocks.INCIDENT: "due_at",
    clocks.CONTRACTOR: "contractor_due_at",
    clocks.FIRST_ACTION: "first_action_due_at",
}
LEFT_ON_THE_ROW = {clocks.INCIDENT: "clock_left", clocks.CONTRACTOR: "contractor_clock_left"}
FIELDS = ["state", "started_at", "stopped_at", "due_at", "left", "version", "rule"]


class Told(NamedTuple):
    """What a clock that has started says, and by which rule: its number in that version of the policy."""

    started: datetime
    reading: Reading
    rule: Rule
    number: int
    version: int


def load(keys: Iterable[int]) -> list[Incident]:
    """Incidents with all that the rules ask of them."""
    return list(Incident.objects.select_related("type", "operator", "pole").filter(pk__in=keys).order_by("pk"))


def locked(keys: Iterable[int]) -> list[Incident]:
    """The same, locked in order: what somebody does meanwhile would else be overwritten by what was read before."""
    keys = list(keys)
    list(Incident.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True))
    return load(keys)


def facts_of(incident: Incident) -> dict[str, str]:
    """What rules may ask of an incident, see sla.policy.FACTS."""
    return {
        "type": incident.type.key if incident.type else "",
        "group": incident.operator.group if incident.operator else "",
        "region": incident.pole.region_ru if incident.pole else "",
        "contractor": str(incident.contractor_id or ""),
        "priority": incident.priority,
    }


def tell(
    incident: Incident, changes: Sequence[Change], policies: Policies, now: datetime
) -> Iterator[tuple[str, Told]]:
    """Every clock of the incident that has started."""
    facts = facts_of(incident)
    for clock in policies.clocks:
        told = _tell(clock, facts, changes, policies.newest(), now)
        if told is None:
            told = _ended_earlier(clock, facts, changes, policies, now)
        elif told.reading.stopped:
            # What has ended is judged by the rules of its end, however often they change later.
            told = _tell(clock, facts, changes, policies.at(told.reading.stopped), now)
        if told:
            yield clock, told


def recompute(incidents: Sequence[Incident], now: datetime, *, write: bool = True) -> list[Incident]:
    """Write what the cache has wrong; returns the incidents that had anything wrong. They come from `load`."""
    policies, histories, before = Policies(), history.of(incidents), _stored(incidents)
    changed: list[IncidentClock] = []
    gone: list[int] = []
    moved: list[Incident] = []
    wrong = []
    for incident in incidents:
        told = dict(tell(incident, histories[incident.pk], policies, now))
        stored = before[incident.pk]
        rows = {clock: _row(incident, clock, each) for clock, each in told.items()}
        other = [row for clock, row in rows.items() if _differs(stored.get(clock), row)]
        ended = [row.pk for clock, row in stored.items() if clock not in rows]
        due = _deadlines(incident, told)
        if other or ended or due:
            wrong.append(incident)
        if due and write:
            moved.append(incident)
            for field, value in due.items():
                setattr(incident, field, value)
        changed, gone = changed + other, gone + ended
    if write:
        services.set_deadlines(moved)
        _write(changed, gone)
    return wrong


def _tell(
    clock: str, facts: Mapping[str, str], changes: Sequence[Change], policy: Policy, now: datetime
) -> Told | None:
    chosen = policy.choose(clock, facts)
    if chosen is None:
        return None
    line, rule = chosen
    reading = read(changes, rule, now)
    return Told(reading.started, reading, rule, line.number, policy.version) if reading.started else None


def _ended_earlier(
    clock: str, facts: Mapping[str, str], changes: Sequence[Change], policies: Policies, now: datetime
) -> Told | None:
    """What the clock said at its end, if that was while a rule for it stood that has been taken away since."""
    for policy in policies.earlier():
        told = _tell(clock, facts, changes, policy, now)
        if told and told.reading.stopped and policies.at(told.reading.stopped) is policy:
            return told
    return None


def _stored(incidents: Iterable[Incident]) -> dict[int, dict[str, IncidentClock]]:
    stored: dict[int, dict[str, IncidentClock]] = defaultdict(dict)
    for row in IncidentClock.objects.filter(incident__in=[incident.pk for incident in incidents]):
        stored[row.incident_id][row.clock] = row
    return stored


def _row(incident: Incident, clock: str, told: Told) -> IncidentClock:
    reading = told.reading
    return IncidentClock(
        incident=incident,
        clock=clock,
        state=reading.state,
        started_at=told.started,
        stopped_at=reading.stopped,
        due_at=reading.due,
        left=None if reading.state is State.RUNNING else told.rule.allowed - reading.spent,
        version=told.version,
        rule=told.number,
    )


def _differs(stored: IncidentClock | None, row: IncidentClock) -> bool:
    return stored is None or any(getattr(stored, field) != getattr(row, field) for field in FIELDS)


def _deadlines(incident: Incident, told: Mapping[str, Told]) -> dict[str, datetime | timedelta | None]:
    """Those deadlines on the incident's row that should be others."""
    said: dict[str, datetime | timedelta | None] = {
        field: told[clock].reading.due if clock in told else None for clock, field in DUE_ON_THE_ROW.items()
    }
    said |= {field: _left_standing(told.get(clock)) for clock, field in LEFT_ON_THE_ROW.items()}
    return {field: value for field, value in said.items() if getattr(incident, field) != value}


def _left_standing(told: Told | None) -> timedelta | None:
    """Less than nothing where the time was over before the clock was made to stand still."""
    if told is None or told.reading.state is not State.PAUSED:
        return None
    return told.rule.allowed - told.reading.spent


def _write(rows: list[IncidentClock], gone: list[int]) -> None:
    if rows:
        # New ones and those that differ in one statement; Django's bulk_update takes three times as long in all.
        IncidentClock.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["incident", "clock"], update_fields=FIELDS
        )
    if gone:
        IncidentClock.objects.filter(pk__in=gone).delete()
