"""Stopping ping-pong: a field that both sides keep setting back is left alone for a time, and a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tracker_bridge.merging import Dispute
from tracker_bridge.models import Conflict, IssueLink

MOST = 5
WITHIN = timedelta(minutes=10)
LEFT_ALONE = timedelta(hours=1)


def still_frozen(link: IssueLink, now: datetime) -> frozenset[str]:
    """Fields that are left alone now."""
    return frozenset(name for name, until in link.frozen.items() if datetime.fromisoformat(until) > now)


def count(link: IssueLink, disputes: Sequence[Dispute], now: datetime) -> None:
    """Freeze those that were disputed too often lately; the conflict says so. The caller saves the link."""
    for dispute in disputes:
        lately = Conflict.objects.filter(link=link, field=dispute.name, at__gt=now - WITHIN)
        if lately.count() > MOST:
            link.frozen[dispute.name] = (now + LEFT_ALONE).isoformat()
            newest = lately.latest("at", "pk")
            newest.winner = Conflict.Winner.NOBODY
            newest.save(update_fields=["winner"])
