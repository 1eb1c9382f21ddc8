"""Stopping ping-pong: a field that both sides keep setting back is left alone for a time, and a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tracker_bridge.fields import as_json
from tracker_bridge.merging import Dispute, Values
from tracker_bridge.models import Conflict, IssueLink

MOST = 5
WITHIN = timedelta(minutes=10)
LEFT_ALONE = timedelta(hours=1)


def still_frozen(link: IssueLink, now: datetime) -> frozenset[str]:
    """Fields that are left alone now."""
    return frozenset(name for name, until in link.frozen.items() if datetime.fromisoformat(until) > now)


def count_taken(link: IssueLink, ours: Values, taken: Values, now: datetime) -> None:
    """Freeze what one and the same value has been taken for again and again: something here keeps changing it back.

    `ours`: what the incident said before. Between people values come and go; two programs say the same ones for ever.
    The caller saves the link.
    """
    known = link.snapshot.get("taken", {})
    for name, value in as_json(taken).items():
        before = known.get(name, {})
        times = before["times"] if before and before["value"] == value else []
        times = [each for each in times if datetime.fromisoformat(each) > now - WITHIN] + [now.isoformat()]
        known[name] = {"value": value, "times": times}
        if len(times) > MOST:
            link.frozen[name] = (now + LEFT_ALONE).isoformat()
            facts = {"ours": as_json({name: ours.get(name)})[name], "theirs": value}
            Conflict.objects.create(link=link, field=name, winner=Conflict.Winner.NOBODY, at=now, **facts)
    link.snapshot["taken"] = known


def count(link: IssueLink, disputes: Sequence[Dispute], now: datetime) -> None:
    """Freeze those that were disputed too often lately; the conflict says so. The caller saves the link."""
    for dispute in disputes:
        lately = Conflict.objects.filter(link=link, field=dispute.name, at__gt=now - WITHIN)
        if lately.count() > MOST:
            link.frozen[dispute.name] = (now + LEFT_ALONE).isoformat()
            newest = lately.latest("at", "pk")
            newest.winner = Conflict.Winner.NOBODY
            newest.save(update_fields=["winner"])
