"""Who gets the next incident. Pure: the same people and loads give the same answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be given an incident now."""

    id: int
    open_incidents: int
    last_given_at: datetime | None


def freest(candidates: Iterable[Candidate]) -> Candidate | None:
    """Fewest open incidents; among equals the one who waited longest; then the smaller id. None if nobody."""
    return min(candidates, key=lambda c: (c.open_incidents, c.last_given_at or NEVER, c.id), default=None)
