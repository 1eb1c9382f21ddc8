"""One narrow row an incident: what is true of it, what is stored, and bringing the second up to the first.

Everything that the dashboard counts is defined here, in `_TRUTH`:

- An incident arrives on the day on which it was opened and ends on the day on which it was closed, in the desk's zone.
- It ended late if its clock stopped after the deadline that it showed, else in time; without a deadline it is neither.
- The contractor's end is where his clock stopped, judged by that clock.
- The first answer is the first letter of ours in its conversations. Answers and repairs are measured on the wall clock.
- The dispatcher is who has it, and had it when it was closed. An incident that was merged into another is not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.utils import timezone

from sla import clocks
from sla.figures import bins, sql
from sla.models import Fact, Region
from towers.regions import region_names


class Row(NamedTuple):
    """The columns of Fact, in their order."""

    incident_id: int
    opened_on: date
    closed_on: date | None
    contractor_closed_on: date | None
    type: int
    operator: int
    contractor: int
    dispatcher: int
    pole: int
    region: int
    hour: int
    outcome: int | None
    contractor_outcome: int | None
    answer_bin: int | None
    repair_bin: int | None
    contractor_bin: int | None

    @property
    def months(self) -> set[date]:
        """In whose sums it is counted."""
        days = (self.opened_on, self.closed_on, self.contractor_closed_on)
        return {day.replace(day=1) for day in days if day}


COLUMNS = ", ".join(Row._fields)
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in Row._fields[1:])
_DIFFERS = " IS DISTINCT FROM ".join(
    f"({', '.join(f'{table}.{name}' for name in Row._fields[1:])})" for table in ("sla_fact", "excluded")
)
_TRUTH = f"""
SELECT i.id, opened::date, (i.closed_at AT TIME ZONE zone)::date, (theirs.stopped_at AT TIME ZONE zone)::date,
    coalesce(i.type_id, 0), coalesce(i.operator_id, 0), coalesce(i.contractor_id, 0), coalesce(i.assignee_id, 0),
    coalesce(i.pole_id, 0), coalesce(region.id, 0),
    ((extract(isodow FROM opened) - 1) * 24 + extract(hour FROM opened))::int,
    CASE WHEN i.closed_at IS NOT NULL THEN (coalesce(ours.stopped_at, i.closed_at) > ours.due_at)::int END,
    CASE WHEN theirs.stopped_at IS NOT NULL THEN (theirs.stopped_at > theirs.due_at)::int END,
    {bins.in_sql("i.opened_at", "answered.at")}, {bins.in_sql("i.opened_at", "i.closed_at")},
    {bins.in_sql("theirs.started_at", "theirs.stopped_at")}
FROM incidents_incident i
CROSS JOIN (SELECT %(zone)s::text AS zone) zone
CROSS JOIN LATERAL (SELECT i.opened_at AT TIME ZONE zone AS opened) opened
LEFT JOIN sla_incidentclock ours ON ours.incident_id = i.id AND ours.clock = '{clocks.INCIDENT}'
LEFT JOIN sla_incidentclock theirs ON theirs.incident_id = i.id AND theirs.clock = '{clocks.CONTRACTOR}'
LEFT JOIN towers_pole pole ON pole.id = i.pole_id
LEFT JOIN sla_region region ON region.name = pole.region_ru
LEFT JOIN (SELECT place.incident_id, min(email.received_at) AS at FROM incidents_incidentemail place
    JOIN mailbox_email email ON email.id = place.email_id AND email.direction = 'out'
    WHERE {{place}} GROUP BY 1) answered ON answered.incident_id = i.id
WHERE {{incident}} AND i.merged_into_id IS NULL
"""
_SOME, _RANGE = "{} = ANY(%(keys)s)", "{} BETWEEN %(first)s AND %(last)s"


def zone() -> str:
    """The zone of the desk's calendar, whose days are counted."""
    return timezone.get_default_timezone_name()


def learn_regions() -> None:
    """Numbers for regions that have none yet."""
    known = set(Region.objects.values_list("name", flat=True))
    Region.objects.bulk_create([Region(name=name) for name in region_names() if name not in known])


def refresh(keys: Collection[int]) -> set[date]:
    """Bring the facts of these incidents up to what is true; returns the months whose sums are wrong now."""
    wrong = _differences(_SOME, {"keys": list(keys)})
    write([row for _stored, row in wrong if row])
    Fact.objects.filter(pk__in=[stored.incident_id for stored, row in wrong if stored and not row]).delete()
    return {month for both in wrong for row in both if row for month in row.months}


def differences(first: int, last: int) -> list[int]:
    """Incidents with numbers in this range whose facts are missing, wrong or of too much."""
    wrong = _differences(_RANGE, {"first": first, "last": last})
    return [next(filter(None, both)).incident_id for both in wrong]


def refill(first: int, last: int) -> None:
    """Bring the facts of a range up to what is true, all of it inside the database."""
    given = {"first": first, "last": last, "zone": zone()}
    sql.run(
        f"DELETE FROM sla_fact WHERE {_RANGE.format('incident_id')} AND NOT EXISTS (SELECT FROM incidents_incident "
        "i WHERE i.id = incident_id AND i.merged_into_id IS NULL)",
        given,
    )
    sql.run(
        f"INSERT INTO sla_fact ({COLUMNS}) {_truth(_RANGE)} ORDER BY i.id "
        f"ON CONFLICT (incident_id) DO UPDATE SET {_CHANGED} WHERE {_DIFFERS}",
        given,
    )


def write(rows: Sequence[Row]) -> None:
    facts = [Fact(**row._asdict()) for row in rows]
    Fact.objects.bulk_create(
        facts, update_conflicts=True, unique_fields=["incident"], update_fields=Row._fields[1:], batch_size=1000
    )


def _differences(among: str, given: dict[str, Any]) -> list[tuple[Row | None, Row | None]]:
    """(stored, true) where the two are not the same."""
    stored = _read(f"SELECT {COLUMNS} FROM sla_fact WHERE {among.format('incident_id')}", given)
    true = _read(_truth(among), given | {"zone": zone()})
    both = ((stored.get(key), true.get(key)) for key in stored.keys() | true.keys())
    return [each for each in both if each[0] != each[1]]


def _truth(among: str) -> str:
    return _TRUTH.format(incident=among.format("i.id"), place=among.format("place.incident_id"))


def _read(statement: str, given: dict[str, Any]) -> dict[int, Row]:
    return {values[0]: Row(*values) for values in sql.rows(statement, given)}
