"""Letters of ours that should have left and did not: nobody sends, or their account is in trouble."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

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
    """What waits for longer than anything should; letters that are to leave later wait rightly.

    Two questions instead of one with "or": so each is answered by an index, however many letters wait rightly.
    """
    late = now - STUCK_AFTER
    failing = list(AccountState.objects.filter(failed_since__lt=late).order_by("failed_since"))
    waiting = Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.RETRYING])
    found = [waiting.filter(next_try_at__lt=late)]
    if failing:
        is_wanted = Q(leaves_at=None) | Q(leaves_at__lte=now)
        found.append(waiting.filter(_by(failing), is_wanted, next_try_at__gte=late))
    rows = [each.aggregate(count=Count("pk"), since=Min("next_try_at")) for each in found]
    count = sum(row["count"] for row in rows)
    if not count:
        return None
    if failing and (since := failing[0].failed_since):
        return Stuck(count, since, failing[0].said)
    return Stuck(count, min(row["since"] for row in rows if row["since"]), "")


def _by(failing: list[AccountState]) -> Q:
    """Letters of these accounts; without an account they leave by that of the settings."""
    named = [each.account_id for each in failing if each.account_id]
    of_settings = Q(account=None) if len(named) < len(failing) else Q()
    return (Q(account__in=named) | of_settings) if named or of_settings else Q()
