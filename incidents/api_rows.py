"""An incident as the REST contract words it: 22 names, all always present, null where nothing is known.

The names and types are a promise to other systems. `pole_longtitude` is spelled so on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from incidents.models import Incident
from incidents.queries import IncidentQuerySet
from towers.models import Operator

AUTOMATIC = "Автоматически из почты"
BY_HAND = "Вручную через диспетчера"

# Labels of statuses and types go out in Russian whatever language the reader's browser asks for.
COLUMNS = (
    "id", "code", "opened_at", "closed_at", "registration",
    "handed_over_at", "contractor_due_at", "contractor_done_at", "contractor_id",
    "type__name_ru", "status__name_ru", "base_station__name", "contractor__name",
    "operator__name", "operator__group",
    "pole__code", "pole__region_ru", "pole__address", "pole__latitude", "pole__longitude",
    "pole__contractor_id", "pole__contractor_emails",
)  # fmt: skip

Row = dict[str, Any]


def newest_first(incidents: IncidentQuerySet) -> Any:
    """The rows' columns in one query, newest first; slice it before it is read."""
    station = Operator.objects.filter(base_stations=OuterRef("base_station_id")).order_by()
    columns = incidents.order_by("-opened_at", "-id").annotate(
        station_operators=ArraySubquery(station.values("name")),
        station_groups=ArraySubquery(station.values("group")),
    )
    return columns.values(*COLUMNS, "station_operators", "station_groups")


def as_contract(columns: Iterable[dict[str, Any]], *, now: datetime) -> list[Row]:
    moment = _moment_writer()
    return [_row(one, now, moment) for one in columns]


def _row(one: dict[str, Any], now: datetime, moment: Callable[[datetime | None], str | None]) -> Row:
    return {
        "id": one["id"],
        "code": one["code"],
        "incident_datetime": moment(one["opened_at"]),
        "incident_type": one["type__name_ru"],
        "is_vendor_sla_expired": _is_expired(one, now),
        "vendor_deadline": moment(one["contractor_due_at"]),
        "is_incident_finish": one["closed_at"] is not None,
        "incident_finish_datetime": moment(one["closed_at"]),
        "last_status": one["status__name_ru"],
        "is_transfer_to_avr": one["handed_over_at"] is not None,
        "transfer_timestamp_to_avr": moment(one["handed_over_at"]),
        "base_station": one["base_station__name"],
        # Without a station the sender's operator is what is known.
        "operator_group": _joined(one["station_groups"] or [one["operator__group"]]),
        "operators": _joined(one["station_operators"] or [one["operator__name"]]),
        "pole": one["pole__code"],
        "region_ru": one["pole__region_ru"] or None,
        "address": one["pole__address"] or None,
        "pole_latitude": _number(one["pole__latitude"]),
        "pole_longtitude": _number(one["pole__longitude"]),
        "vendor": one["contractor__name"],
        "vendor_emails": _vendor_emails(one),
        "registration_method": AUTOMATIC if one["registration"] == Incident.Registration.MAIL else BY_HAND,
    }


def _is_expired(one: dict[str, Any], now: datetime) -> bool | None:
    """Whether the contractor is, or was, later than his deadline; None while he has none."""
    if one["contractor_due_at"] is None:
        return None
    due: datetime = one["contractor_due_at"]
    ended: datetime = one["contractor_done_at"] or one["closed_at"] or now
    return ended > due


def _vendor_emails(one: dict[str, Any]) -> str | None:
    # Addresses belong to the pair of contractor and pole: a pole that changed hands has none for the old contractor.
    if one["contractor_id"] is None or one["contractor_id"] != one["pole__contractor_id"]:
        return None
    return ", ".join(one["pole__contractor_emails"] or []) or None


def _joined(names: Iterable[str | None]) -> str | None:
    return ", ".join(sorted({name for name in names if name})) or None


def _number(value: float | None) -> float | None:
    # JSON has no word for NaN or infinity.
    return value if value is not None and math.isfinite(value) else None


def _moment_writer() -> Callable[[datetime | None], str | None]:
    """ISO 8601 with the desk's offset."""
    zone = timezone.get_default_timezone()

    def write(value: datetime | None) -> str | None:
        return value.astimezone(zone).isoformat() if value else None

    return write
