"""What is open now. Deadlines come from the incidents themselves, what they have in common from the facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from incidents.queries import AT_RISK
from sla.figures.answers import Age, AtRisk
from sla.figures.counting import Narrowed, given_of, narrowing

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Where an age ends and the next begins.
AGES = (4 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)


@dataclass(slots=True)
class Open:
    """How many are open, of these overdue, and with less than an hour left."""

    number: int = 0
    overdue: int = 0
    at_risk: int = 0

    def add(self, other: Open) -> None:
        self.number += other.number
        self.overdue += other.overdue
        self.at_risk += other.at_risk


# Facts of open incidents have an index of their own, which holds all that is asked here.
_OPEN = """
FROM incidents_incident i JOIN sla_fact fact ON fact.incident_id = i.id AND fact.closed_on IS NULL
WHERE i.closed_at IS NULL"""
_STANDING = f"""
SELECT {{key}}, count(*), count(*) FILTER (WHERE i.{{due}} < %(now)s),
    count(*) FILTER (WHERE i.{{due}} >= %(now)s AND i.{{due}} < %(soon)s) {_OPEN} {{among}} GROUP BY 1
"""
_AGES = f"""
SELECT width_bucket(extract(epoch FROM %(now)s - i.opened_at), %(edges)s::numeric[]), count(*),
    count(*) FILTER (WHERE i.due_at < %(now)s) {_OPEN} {{among}} GROUP BY 1
"""
_AT_RISK = """
SELECT i.code, i.subject, i.due_at, coalesce(pole.code, ''), coalesce(pole.region_ru, ''), coalesce(operator.name, ''),
    coalesce(contractor.name, ''), i.assignee_id
FROM incidents_incident i JOIN sla_fact fact ON fact.incident_id = i.id AND fact.closed_on IS NULL
LEFT JOIN towers_pole pole ON pole.id = i.pole_id LEFT JOIN towers_operator operator ON operator.id = i.operator_id
LEFT JOIN towers_contractor contractor ON contractor.id = i.contractor_id
WHERE i.closed_at IS NULL AND i.due_at >= %(now)s {among} ORDER BY i.due_at, i.id LIMIT %(limit)s
"""


def standing(
    narrowed: Narrowed, now: datetime, column: str | None = None, *, by_contractors_clock: bool = False
) -> dict[int, Open]:
    """By the key in this column of the facts, or all under 0. The contractor's clock runs until he has finished."""
    among = narrowing(narrowed, "fact.") + (" AND i.contractor_done_at IS NULL" if by_contractors_clock else "")
    due = "contractor_due_at" if by_contractors_clock else "due_at"
    statement = _STANDING.format(key=f"fact.{column}" if column else 0, due=due, among=among)
    rows = _rows(statement, given_of(narrowed) | {"now": now, "soon": now + AT_RISK})
    return {key: Open(*numbers) for key, *numbers in rows}


def ages(narrowed: Narrowed, now: datetime) -> list[Age]:
    """The open ones by how long ago they were opened, the youngest first; every age is there."""
    edges = [int(age.total_seconds()) for age in AGES]
    statement = _AGES.format(among=narrowing(narrowed, "fact."))
    rows = {
        bucket: (number, overdue)
        for bucket, number, overdue in _rows(statement, given_of(narrowed) | {"now": now, "edges": edges})
    }
    spans = zip((timedelta(), *AGES), (*AGES, None), strict=True)
    return [Age(since, to, *rows.get(bucket, (0, 0))) for bucket, (since, to) in enumerate(spans)]


def next_to_break(narrowed: Narrowed, now: datetime, limit: int) -> list[AtRisk]:
    """Open ones whose deadline lies ahead, the nearest first."""
    statement = _AT_RISK.format(among=narrowing(narrowed, "fact."))
    rows = _rows(statement, given_of(narrowed) | {"now": now, "limit": limit})
    people = get_user_model()._default_manager.in_bulk({row[-1] for row in rows if row[-1]})
    return [AtRisk(*row[:-1], row[-1] or 0, people[row[-1]].full_name if row[-1] else "") for row in rows]


def _rows(statement: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()
