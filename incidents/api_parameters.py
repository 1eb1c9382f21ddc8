"""The list's query parameters, strictly: what is unknown or malformed is refused with a word, never ignored."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.exceptions import ValidationError

if TYPE_CHECKING:
    from django.http import QueryDict

MOST = 1000
USUAL = 100
TRUE = {"true", "1"}
FALSE = {"false", "0"}

# Where a page begins: after the incident with this moment and id.
Place = tuple[datetime, int]


@dataclass(frozen=True)
class Asked:
    """What the caller wants. `limit` is None for the plain array."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    after: Place | None = None


def read(query: QueryDict, *, now: datetime) -> Asked:
    """The wish behind a query string; ValidationError with a message for each parameter that is wrong."""
    values: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name in query:
        given = query.getlist(name)
        try:
            if name not in READERS:
                raise ValueError(f"Unknown parameter. Known ones: {', '.join(READERS)}.")
            if len(given) > 1:
                raise ValueError("Given more than once.")
            values[name] = READERS[name](given[0])
        except ValueError as error:
            wrong[name] = [str(error)]
    if wrong:
        raise ValidationError(wrong)
    return _asked(values, now)


def read_none(query: QueryDict) -> None:
    """Refuse every parameter."""
    if wrong := {name: ["Unknown parameter. There is none here."] for name in query if name != "format"}:
        raise ValidationError(wrong)
    if "format" in query:
        _format(str(query["format"]))


def _asked(values: dict[str, Any], now: datetime) -> Asked:
    starts = [values.get("incident_date_after"), _last_month(now) if values.get("last_month") else None]
    paged = "limit" in values or "cursor" in values
    return Asked(
        since=max((start for start in starts if start), default=None),
        until=values.get("incident_date_before"),
        limit=values.get("limit", USUAL) if paged else None,
        after=values.get("cursor"),
    )


def _last_month(now: datetime) -> datetime:
    """The first moment of the previous month, desk time."""
    today = timezone.localtime(now, timezone.get_default_timezone()).date()
    return _at((today.replace(day=1) - timedelta(days=1)).replace(day=1), time.min)


def _at(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock), timezone.get_default_timezone())


def _flag(value: str) -> bool:
    if value.lower() not in TRUE | FALSE:
        raise ValueError("Expected true or false.")
    return value.lower() in TRUE


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= MOST):
        raise ValueError(f"Expected a whole number from 1 to {MOST}.")
    return int(value)


def _moment(*, end_of_day: bool) -> Callable[[str], datetime]:
    """A reader of `2026-01-31` (that whole day, desk time) or of a moment with or without an offset."""

    def read_moment(value: str) -> datetime:
        complaint = "Expected a date like 2026-01-31 or a moment like 2026-01-31T09:30:00+03:00."
        try:
            day = parse_date(value)
            if day:
                return _at(day, time.max if end_of_day else time.min)
            # A plus sign that was not written as %2B arrives as a space.
            moment = parse_datetime(value.replace(" ", "+") if "T" in value else value)
            if moment and timezone.is_naive(moment):
                moment = timezone.make_aware(moment, timezone.get_default_timezone())
            # PostgreSQL does not read every offset that Python does.
            moment = moment and moment.astimezone(UTC)
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            raise ValueError(complaint)
        return moment

    return read_moment


def _format(value: str) -> str:
    if value != "json":
        raise ValueError("Only json is spoken here.")
    return value


def write_place(moment: datetime, pk: int) -> str:
    """The cursor that continues after this incident; opaque to callers."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{pk}".encode()).decode().rstrip("=")


def _place(value: str) -> Place:
    complaint = "Not a cursor of ours. Take it from `next` of the page before."
    try:
        moment, _, pk = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode().partition("|")
        place = datetime.fromisoformat(moment), int(pk)
    except (ValueError, binascii.Error):
        raise ValueError(complaint) from None
    if place[0].utcoffset() != timedelta() or not 0 < place[1] < 2**63 or write_place(*place) != value:
        raise ValueError(complaint)
    return place


READERS: dict[str, Callable[[str], Any]] = {
    "last_month": _flag,
    "incident_date_after": _moment(end_of_day=False),
    "incident_date_before": _moment(end_of_day=True),
    "limit": _number,
    "cursor": _place,
    "format": _format,
}
