"""Whether anything was told of incidents since a page was drawn: the page carries a mark and asks by it.

Its stream opens a moment after it was drawn, and nearly always nothing happened in between.
"""

from __future__ import annotations

from datetime import datetime

from incidents.models import IncidentEvent

# Transactions commit in another order than they took their event ids: one that commits late is found among so many.
OVERLAP = 20
# Deadlines pass without any event, so that an older page is told everything.
HOLDS_SECONDS = 30
BETWEEN = "."


def mark(now: datetime) -> str:
    """Read it before what the page shows: what happens in between is told once more, and never missed."""
    newest = list(IncidentEvent.objects.order_by("-pk").values_list("pk", flat=True)[:OVERLAP])
    last = newest[0] if newest else 0
    lately = sum(1 for pk in newest if pk > last - OVERLAP)
    return BETWEEN.join(str(each) for each in (last, lately, int(now.timestamp())))


def is_same(given: str, now: datetime) -> bool:
    """Nothing was told since this mark was made; an old or a strange one is not the same."""
    parts = given.split(BETWEEN)
    if len(parts) != 3 or not all(each.isascii() and each.isdigit() and len(each) < 19 for each in parts):
        return False
    last, lately, made = map(int, parts)
    if not 0 <= int(now.timestamp()) - made <= HOLDS_SECONDS:
        return False
    # One more than is known is enough to see.
    since = IncidentEvent.objects.filter(pk__gt=last - OVERLAP).values_list("pk", flat=True)
    return len(since[: lately + 1]) == lately
