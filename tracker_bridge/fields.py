"""What is mirrored of an incident, whose word counts, and how both sides' values are made comparable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from incidents.models import Incident, IncidentEmail
from tracker_bridge.protocol import Value

STATUS = "status"
LONGEST_SUMMARY = 255
LONGEST_DESCRIPTION = 20_000
# One line of keys; the field over there is a string.
MOST_LETTERS = 50


class Owner(StrEnum):
    """Who is right when both sides changed a field. What is DISPATCH's is put back if it is changed over there."""

    DISPATCH = "dispatch"
    TRACKER = "tracker"


@dataclass(frozen=True, slots=True)
class Field:
    owner: Owner
    # What the incident says; None where it takes more than the incident to say it (see `wanted`).
    of: Callable[[Incident], Value] | None = None


def _summary(incident: Incident) -> str:
    """Letters that Tracker sends carry its summary, and find their incident by the code in it."""
    return f"{incident.code}: {' '.join(incident.subject.split())}"[:LONGEST_SUMMARY]


def _description(incident: Incident) -> str:
    lines = [
        f"Заявитель: {' '.join(filter(None, (incident.requester_name, incident.requester_email)))}".strip(": "),
        f"Адрес: {incident.pole.address}" if incident.pole and incident.pole.address else "",
        f"Регион: {incident.pole.region_ru}" if incident.pole and incident.pole.region_ru else "",
    ]
    return "\n".join(filter(None, lines))[:LONGEST_DESCRIPTION]


def _letters(incident: Incident) -> str:
    keys = IncidentEmail.objects.filter(incident=incident).order_by("email_id").values_list("email_id", flat=True)
    return ", ".join(map(str, keys[:MOST_LETTERS]))


def sla_state(incident: Incident, now: datetime) -> str:
    """Changes once a deadline at most: time left would cost a version each minute. In the tracker's own language."""
    if incident.due_at is None:
        return "На паузе" if incident.clock_left is not None else "Не определён"
    if incident.closed_at is None:
        return "Просрочен" if incident.due_at < now else "В работе"
    return "Закрыт в срок" if incident.closed_at <= incident.due_at else "Закрыт с опозданием"


FIELDS: Mapping[str, Field] = {
    "summary": Field(Owner.DISPATCH, _summary),
    "description": Field(Owner.DISPATCH, _description),
    "assignee": Field(Owner.TRACKER),
    "type": Field(Owner.TRACKER, lambda incident: incident.type.name_ru if incident.type else None),
    "pole": Field(Owner.TRACKER, lambda incident: incident.pole.code if incident.pole else None),
    "base_station": Field(
        Owner.TRACKER, lambda incident: incident.base_station.name if incident.base_station else None
    ),
    "database_id": Field(Owner.DISPATCH, lambda incident: incident.pk),
    "email_ids": Field(Owner.DISPATCH, _letters),
    "email_datetime": Field(Owner.DISPATCH, lambda incident: incident.opened_at),
    "is_new_message": Field(Owner.DISPATCH, lambda incident: "Да" if incident.has_news else "Нет"),
    "sla_deadline": Field(Owner.DISPATCH, lambda incident: incident.due_at),
    "sla_state": Field(Owner.DISPATCH),
    "operator": Field(Owner.DISPATCH, lambda incident: incident.operator.name if incident.operator else None),
    "contractor": Field(Owner.DISPATCH, lambda incident: incident.contractor.name if incident.contractor else None),
}


def wanted(incident: Incident, mirrored: frozenset[str], logins: Mapping[int, str], now: datetime) -> dict[str, Value]:
    """What the fields that are mirrored should hold, in canonical form; `logins` are of our users, by their keys."""
    more = {"assignee": logins.get(incident.assignee_id or 0), "sla_state": sla_state(incident, now)}
    return {
        name: canonical(field.of(incident) if field.of else more[name])
        for name, field in FIELDS.items()
        if name in mirrored
    }


def canonical(value: Value) -> Value:
    """One form for what means the same: no spaces around words, moments to the millisecond in UTC, nothing is None."""
    if isinstance(value, str):
        return "\n".join(line.rstrip() for line in value.strip().splitlines()) or None
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)
    if isinstance(value, tuple):
        return tuple(sorted(filter(None, (str(canonical(each) or "") for each in value)))) or None
    return value


def as_json(values: Mapping[str, Value]) -> dict[str, Any]:
    """For a snapshot."""
    return {name: {"at": value.isoformat()} if isinstance(value, datetime) else value for name, value in values.items()}


def from_json(kept: Mapping[str, Any]) -> dict[str, Value]:
    return {name: datetime.fromisoformat(each["at"]) if isinstance(each, dict) else each for name, each in kept.items()}
