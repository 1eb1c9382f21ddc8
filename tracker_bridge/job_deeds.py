"""What an administrator does to jobs; each in a transaction of its own, as the job is by then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import services
from tracker_bridge import jobs, pushing
from tracker_bridge.models import Job
from tracker_bridge.reasons import WANTS_NEW_ISSUE

if TYPE_CHECKING:
    from dispatchers.models import User

State = Job.State
MOST_AT_ONCE = 500
# Whether it was done; False for a job that has moved on meanwhile.
Deed = Callable[[Job, "User", datetime], bool]


@dataclass(frozen=True, slots=True)
class Done:
    number: int
    # Jobs that were left alone, since they had moved on.
    left: int


def many(deed: Deed, backend: str, keys: Iterable[int], *, by: User, now: datetime) -> Done:
    """The deed to each of them, in their order; jobs of another tracker are left alone."""
    done = left = 0
    for key in sorted(keys)[:MOST_AT_ONCE]:
        with transaction.atomic():
            job = Job.objects.select_for_update().filter(backend=backend, pk=key).first()
            if job and deed(job, by, now):
                done += 1
            else:
                left += 1
    return Done(done, left)


def again(job: Job, by: User, now: datetime) -> bool:
    """Try once more: one that was not done, or one that waits for its next attempt."""
    if job.state == State.DEAD:
        jobs.again(job, now)
        return True
    if not _is_free(job, now):
        return False
    job.not_before = now
    job.save(update_fields=["not_before"])
    return True


def skip(job: Job, by: User, now: datetime) -> bool:
    """It is not to be done; those behind it go on."""
    if job.state != State.DEAD and not _is_free(job, now):
        return False
    job.settled_by = by
    jobs.skip(job, now)
    job.save(update_fields=["settled_by"])
    return True


def go_on_elsewhere(job: Job, by: User, now: datetime) -> bool:
    """Leave the issue as it is, and tell the rest in a new one; so for all that this issue did not take."""
    # First, as by those who add jobs: else each would wait for the other.
    services.locked(job.incident)
    link = pushing.find_link(job.backend, job.incident)
    if link is None or job.state != State.DEAD or job.error not in WANTS_NEW_ISSUE:
        return False
    dead = Job.objects.select_for_update().filter(incident=job.incident_id, backend=job.backend, state=State.DEAD)
    for each in dead.filter(error__in=WANTS_NEW_ISSUE).order_by("pk"):
        if each.kind == Job.Kind.STATE:
            # The new issue begins with all that the incident is.
            skip(each, by, now)
        else:
            jobs.again(each, now)
    pushing.go_on_elsewhere(link, now)
    return True


def _is_free(job: Job, now: datetime) -> bool:
    """It waits, and no worker has it."""
    return job.state == State.WAITING and (job.leased_until is None or job.leased_until < now)
