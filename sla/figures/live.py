"""What is open now. Deadlines come from the incidents themselves, what they have in common from the facts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.contrib.auth import get_user_model

from incidents.queries import AT_RISK
from sla.figures.answers import Age, AtRisk
from sla.figures.counting import Narrowed, given_of, narrowing
from sla.figures.said import ALL, DIMENSIONS
from sla.figures.sql import rows

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
SELECT CASE {" ".join(f"WHEN GROUPING({name}) = 0 THEN {n}" for name, n in DIMENSIONS.items())} ELSE {ALL} END,
    coalesce({", ".join(DIMENSIONS)}, 0), count(*), count(*) FILTER (WHERE due < %(now)s),
    count(*) FILTER (WHERE due >= %(now)s AND due < %(soon)s)
FROM (SELECT {", ".join(f"fact.{name}" for name in DIMENSIONS)}, i.{{due}} AS due {_OPEN} {{among}}) standing
GROUP BY GROUPING SETS ((), {", ".join(f"({name})" for name in DIMENSIONS)})
"""
_AGES = f"""
SELECT width_bucket(extract(epoch FROM %(now)s - i.opened_at), %(edges)s::numeric[]), count(*),
    count(*) FILTER (WHERE i.due_at < %(now)s) {_OPEN} {{among}} GROUP BY 1
"""
_AT_RISK = """
SELECT i.code, i.subject, i.due_at, coalesce(pole.code, ''), coalesce(pole.region_ru, ''), coalesce(operator.name, ''),
    coalesce(contractor.name, ''), coalesce(i.assignee_id, 0), ''
FROM incidents_incident i JOIN sla_fact fact ON fact.incident_id = i.id AND fact.closed_on IS NULL
LEFT JOIN towers_pole pole ON pole.id = i.pole_id LEFT JOIN towers_operator operator ON operator.id = i.operator_id
LEFT JOIN towers_contractor contractor ON contractor.id = i.contractor_id
WHERE i.closed_at IS NULL AND i.due_at >= %(now)s {among} ORDER BY i.due_at, i.id LIMIT %(limit)s
"""


def standing(
    narrowed: Narrowed, now: datetime, by_contractors_clock: bool, stamp: UUID | None
) -> dict[int, dict[int, Open]]:
    """By the number of the dimension and the key there. The contractor's clock runs until he has finished.

    The tables of a page ask for the same moment one after another: with a stamp of the figures it is counted once.
    """
    count = _count if stamp is None else _kept
    return count(narrowed, now, by_contractors_clock, stamp)


def _count(
    narrowed: Narrowed, now: datetime, by_contractors_clock: bool, stamp: UUID | None
) -> dict[int, dict[int, Open]]:
    among = narrowing(narrowed, "fact.") + (" AND i.contractor_done_at IS NULL" if by_contractors_clock else "")
    statement = _STANDING.format(due="contractor_due_at" if by_contractors_clock else "due_at", among=among)
    found: dict[int, dict[int, Open]] = {}
    for shown, key, *numbers in rows(statement, given_of(narrowed) | {"now": now, "soon": now + AT_RISK}):
        found.setdefault(shown, {})[key] = Open(*numbers)
    return found


_kept = lru_cache(maxsize=8)(_count)


def forget() -> None:
    """Drop what is kept in memory."""
    _kept.cache_clear()


def ages(narrowed: Narrowed, now: datetime) -> list[Age]:
    """The open ones by how long ago they were opened, the youngest first; every age is there."""
    edges = [int(age.total_seconds()) for age in AGES]
    statement = _AGES.format(among=narrowing(narrowed, "fact."))
    counted = {
        bucket: (number, overdue)
        for bucket, number, overdue in rows(statement, given_of(narrowed) | {"now": now, "edges": edges})
    }
    spans = zip((timedelta(), *AGES), (*AGES, None), strict=True)
    return [Age(since, to, *counted.get(bucket, (0, 0))) for bucket, (since, to) in enumerate(spans)]


def next_to_break(narrowed: Narrowed, now: datetime, limit: int) -> list[AtRisk]:
    """Open ones whose deadline lies ahead, the nearest first."""
    statement = _AT_RISK.format(among=narrowing(narrowed, "fact."))
    found = [AtRisk(*row) for row in rows(statement, given_of(narrowed) | {"now": now, "limit": limit})]
    people = get_user_model()._default_manager.in_bulk({each.assignee for each in found if each.assignee})
    names = {key: person.full_name for key, person in people.items()}
    return [replace(each, assignee_name=names.get(each.assignee, "")) for each in found]
