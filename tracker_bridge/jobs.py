"""The outbox of the mirror: adding jobs, taking them one by one for each incident, ending them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from incidents import services
from incidents.models import Incident
from tracker_bridge.models import Job

# Longer than any call may take with its one renewal of a token; then whoever had the job has died.
LEASE = timedelta(minutes=3)
# Before the next attempt, the last one again and again.
PLAN = [timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600)]
# Beyond it a person is asked.
MOST_ATTEMPTS = 30
LONGEST_WORDS = 1000


def add(jobs: Iterable[Job]) -> None:
    """One query; what waits already is not added again."""
    Job.objects.bulk_create(jobs, ignore_conflicts=True)


def add_from_outside(jobs: Iterable[Job]) -> None:
    """For whoever does not hold the incidents: each is held while its job is written, as by those who change it.

    Otherwise two who add a job to one incident would wait for each other: one for its job, the other for the incident.
    """
    for job in jobs:
        with transaction.atomic():
            services.locked(Incident(pk=job.incident_id))
            add([job])


def waits(backend: str, incident: Incident) -> bool:
    """Whether what the incident is has still to be told."""
    state = Job.objects.filter(backend=backend, incident=incident, kind=Job.Kind.STATE, state=Job.State.WAITING)
    return state.exists()


def lease(backend: str, now: datetime) -> Job | None:
    """The job that is due longest and first of its incident; nobody else gets it before the lease is over."""
    earlier = Job.objects.filter(
        backend=OuterRef("backend"), incident=OuterRef("incident"), state=Job.State.WAITING, pk__lt=OuterRef("pk")
    )
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    due = Job.objects.filter(free, ~Exists(earlier), backend=backend, state=Job.State.WAITING, not_before__lte=now)
    with transaction.atomic():
        job = due.order_by("not_before", "pk").select_for_update(skip_locked=True, of=("self",)).first()
        if job is None:
            return None
        job.attempts += 1
        job.leased_until = now + LEASE
        job.save(update_fields=["attempts", "leased_until"])
    return job


def done(job: Job, now: datetime, *, tells_all: bool = False) -> None:
    """`tells_all`: nothing of the incident's state is left that the tracker would not take."""
    _end(job, Job.State.DONE, now)
    if tells_all:
        # What could not be told before has been told now.
        older = Job.objects.filter(
            backend=job.backend, incident=job.incident_id, kind=Job.Kind.STATE, state=Job.State.DEAD
        )
        older.update(state=Job.State.SKIPPED)


def dead(job: Job, error: Exception, now: datetime) -> None:
    """Not done, and not tried again by itself."""
    job.error, job.said = type(error).__name__, str(error)[:LONGEST_WORDS]
    _end(job, Job.State.DEAD, now)


def wait(job: Job, error: Exception, now: datetime, *, after: timedelta | None = None) -> None:
    """Tried again by plan, or when the tracker said; given to a person when it has been tried too often."""
    if job.attempts >= MOST_ATTEMPTS:
        dead(job, error, now)
        return
    job.error, job.said = type(error).__name__, str(error)[:LONGEST_WORDS]
    job.not_before = now + max(PLAN[min(job.attempts, len(PLAN)) - 1], after or timedelta())
    _free(job)


def put_back(job: Job, now: datetime) -> None:
    """As if it had never been taken: the mirror stands still, and the job is not to blame."""
    job.attempts -= 1
    job.not_before = now
    _free(job)


def again(job: Job, now: datetime) -> None:
    """A person wants it tried once more."""
    # Not the first attempt: what was done by an earlier one is looked for.
    job.state, job.attempts, job.not_before, job.ended_at = Job.State.WAITING, 1, now, None
    job.leased_until = None
    try:
        with transaction.atomic():
            job.save(update_fields=["state", "attempts", "not_before", "ended_at", "leased_until"])
    except IntegrityError:
        _end(job, Job.State.SKIPPED, now)


def skip(job: Job, now: datetime) -> None:
    """A person has seen to it."""
    _end(job, Job.State.SKIPPED, now)


def _free(job: Job) -> None:
    job.leased_until = None
    try:
        with transaction.atomic():
            job.save(update_fields=["attempts", "not_before", "leased_until", "error", "said"])
    except IntegrityError:
        # A newer one waits and says the same, since neither carries anything.
        job.delete()


def _end(job: Job, state: Job.State, now: datetime) -> None:
    job.state, job.ended_at, job.leased_until = state, now, None
    job.save(update_fields=["state", "ended_at", "leased_until", "error", "said"])
