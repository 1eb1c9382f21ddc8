"""Letters of ours that should have left and did not: nobody sends, or their account is in trouble."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q

from mailbox.models import AccountState, Outgoing

# A letter leaves within seconds; a server is restarted within minutes.
STUCK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Stuck:
    """How many wait, since when, and what the server said; no words where nobody has asked it."""

    count: int
    since: datetime
    said: str


def find(now: datetime) -> Stuck | None:
    """What waits for longer than anything should; letters that are to leave later wait rightly."""
    late = now - STUCK_AFTER
    failing = AccountState.objects.filter(failed_since__lt=late)
    has_failed = Exists(failing.filter(account=OuterRef("account"))) | (
        Q(account=None) & Exists(failing.filter(account=None))
    )
    waiting = Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.RETRYING])
    is_wanted = Q(leaves_at=None) | Q(leaves_at__lte=now)
    found = waiting.filter((has_failed & is_wanted) | Q(next_try_at__lt=late))
    rows = found.aggregate(count=Count("pk"), since=Min("next_try_at"))
    if not rows["count"]:
        return None
    worst = failing.order_by("failed_since").first()
    if worst is None or worst.failed_since is None:
        return Stuck(rows["count"], rows["since"], "")
    return Stuck(rows["count"], worst.failed_since, worst.said)
