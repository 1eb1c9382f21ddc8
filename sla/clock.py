"""How long we have. Pure: the same facts give the same deadline."""

from __future__ import annotations

from datetime import datetime, timedelta


def deadline(start: datetime, allowed: timedelta) -> datetime:
    """The moment the time allowed has run out; the desk works round the clock, so every minute counts."""
    return start + allowed
