"""Clocks for rows made in bulk, all in SQL: a million incidents would take Python a quarter of an hour.

For rules that run round the clock and stand still in no status, as the shipped ones do; with others
`manage.py recompute_sla` puts the rest right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction

from incidents.bulk_data import sql
from incidents.models import Incident, IncidentType
from sla import clocks
from sla.models import IncidentClock
from sla.policies import Policies

# What the rows say of each clock: when it started and when it stopped.
_RAN = f"""
SELECT id, type_id, '{clocks.INCIDENT}' AS clock, opened_at AS started, closed_at AS stopped, due_at AS due
    FROM incidents_incident
UNION ALL SELECT id, type_id, '{clocks.CONTRACTOR}', handed_over_at, coalesce(contractor_done_at, closed_at),
    contractor_due_at FROM incidents_incident WHERE handed_over_at IS NOT NULL
UNION ALL SELECT id, type_id, '{clocks.FIRST_ACTION}', opened_at, least(first_action_at, closed_at), NULL
    FROM incidents_incident
UNION ALL SELECT i.id, i.type_id, 'work:' || work.kind, work.started_at, coalesce(work.ended_at, i.closed_at), NULL
    FROM incidents_workperiod work JOIN incidents_incident i ON i.id = work.incident_id
"""
_FILL = f"""
INSERT INTO sla_incidentclock (incident_id, clock, state, started_at, stopped_at, due_at, "left", version, rule)
SELECT ran.id, ran.clock, CASE WHEN stopped IS NULL THEN 'running' ELSE 'stopped' END, started, stopped,
    coalesce(due, started + allowed), CASE WHEN stopped IS NOT NULL THEN allowed - (stopped - started) END,
    version, line
FROM ({_RAN}) ran
JOIN unnest(%s::text[], %s::bigint[], %s::bool[], %s::interval[], %s::int[], %s::int[])
    AS rule (clock, type, is_over, allowed, version, line)
    ON rule.clock = ran.clock AND rule.type = coalesce(ran.type_id, 0) AND rule.is_over = (stopped IS NOT NULL)
WHERE ran.id > %s ORDER BY ran.id
"""


@transaction.atomic
def fill(now: datetime, say: Callable[[str], None] = lambda said: None) -> None:
    """Clocks of the incidents after the last one that has any."""
    for name, value in sql.SETTINGS.items():
        sql.run(f"SET LOCAL {name} = '{value}'")
    last = sql.count("SELECT max(incident_id) FROM sla_incidentclock")
    given = [*(list(column) for column in zip(*_rules(now), strict=True)), last]
    if last:
        sql.run(_FILL, given)
    else:
        with sql.bare([IncidentClock]):
            sql.run(_FILL, given)
    say("clocks")


def _rules(now: datetime) -> Iterator[tuple[str, int, bool, timedelta, int, int]]:
    """(clock, type, whether it has ended, time allowed, version, line): what ended goes by the first version."""
    policies = Policies()
    types = {0: "", **dict(IncidentType.objects.values_list("pk", "key"))}
    for is_over, policy in ((True, policies.at(datetime.min.replace(tzinfo=now.tzinfo))), (False, policies.newest())):
        for clock in clocks.KINDS:
            for type_, key in types.items():
                chosen = policy.choose(clock, {"type": key, "priority": Incident.Priority.NORMAL})
                if chosen:
                    line, rule = chosen
                    yield clock, type_, is_over, rule.allowed, policy.version, line.number
