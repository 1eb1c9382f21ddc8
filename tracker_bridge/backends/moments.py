"""Moments as words that people read, for trackers whose fields know no time of day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

WRITTEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?")


def written(at: datetime, zone: tzinfo) -> str:
    """`2026-03-02 15:30:00` by the clock of the zone; thousandths where there are any."""
    local = at.astimezone(zone).replace(tzinfo=None)
    return local.isoformat(" ", "milliseconds" if local.microsecond else "seconds")


def read(words: str, zone: tzinfo) -> datetime | None:
    """None for words that are no such moment."""
    if not WRITTEN.fullmatch(words):
        return None
    try:
        return datetime.fromisoformat(words).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        # The 31st of February.
        return None
