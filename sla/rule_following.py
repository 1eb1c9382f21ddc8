"""After the rules were changed: the clocks of the open incidents are told anew, slice by slice.

Every slice is a short transaction that moves the cursor too, so a worker that is killed leaves nothing half done and
the next one goes on where it stood, and the desk works on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from incidents.models import Incident
from sla import recomputing
from sla.models import Recomputation

# A tenth of a second's work, for which a dispatcher's click on one of them may wait.
SLICE = 100
# A worker gives way to other tasks after so many; the next tick goes on.
MOST_SLICES = 100
# A transaction that began under the old rules has ended by then; what it wrote is looked at once more.
SETTLES = timedelta(minutes=1)
OPEN = Q(closed_at=None)


def follow(now: Callable[[], datetime]) -> int:
    """Go on with what is unfinished; returns how many incidents had clocks to change."""
    changed = 0
    for _slice in range(MOST_SLICES):
        done = _step(now())
        if done is None:
            break
        changed += done
    return changed


def keys_after(cursor: int, which: Q) -> list[int]:
    """The next slice of incidents, by key."""
    return list(Incident.objects.filter(which, pk__gt=cursor).order_by("pk").values_list("pk", flat=True)[:SLICE])


@transaction.atomic
def _step(now: datetime) -> int | None:
    """One slice; None if there is nothing to do, or another worker does it."""
    row = Recomputation.objects.select_for_update(skip_locked=True, of=("self",)).select_related("version")
    work = row.filter(finished_at=None).order_by("-pk").first()
    if work is None:
        return None
    if work.passed_at is None:
        return _pass(work, now)
    if now < work.version.at + SETTLES:
        return None
    # Whoever changed or opened an incident while the rules were saved may have read the old ones.
    keys = list(
        Incident.objects.filter(active_at__gte=work.version.at - SETTLES, active_at__lte=work.version.at + SETTLES)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    changed = sum(_tell(keys[start : start + SLICE], now) for start in range(0, len(keys), SLICE))
    work.changed, work.finished_at = work.changed + changed, now
    work.save(update_fields=["changed", "finished_at"])
    return changed


def _pass(work: Recomputation, now: datetime) -> int:
    keys = keys_after(work.cursor, OPEN)
    if not keys:
        work.passed_at = now
        work.save(update_fields=["passed_at"])
        return 0
    changed = _tell(keys, now)
    work.cursor, work.seen, work.changed = keys[-1], work.seen + len(keys), work.changed + changed
    work.save(update_fields=["cursor", "seen", "changed"])
    return changed


def _tell(keys: list[int], now: datetime) -> int:
    return len(recomputing.recompute(recomputing.locked(keys), now))
