"""Doing the jobs of the outbox: an issue for each incident, its fields and status, its letters and notes.

What happens to a job that fails is decided by the class of the error alone:

    Transient       it waits, as long as the tracker said
    Ambiguous       it waits; done again under the same key, it is done once
    AuthNeeded, Misconfigured   the whole mirror stands still, and the job is put back
    Conflict        the issue is read, both sides are merged, and it is tried again
    Refused         a named field or the status is left out and not tried again; else a person is asked
    Exhausted       the issue is frozen, and a person is asked whether to go on in a new one
    Gone            looked for once more after some minutes, then a person is asked
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from incidents import services
from incidents.models import Incident
from tracker_bridge import budget, comments, fields, flips, history, jobs, mirrors, reconciling, remarks, ways
from tracker_bridge.fields import STATUS
from tracker_bridge.merging import Base
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    Conflict,
    Exhausted,
    Gone,
    IssueDraft,
    Misconfigured,
    Refused,
    RemoteIssue,
    RemoteRef,
    TrackerBackend,
    TrackerError,
    Transient,
    Value,
)
from tracker_bridge.statuses import Statuses

logger = logging.getLogger(__name__)

State = IssueLink.State
LOOK_AGAIN = timedelta(minutes=5)
MOST_MERGES = 3
MOST_STEPS = 5
# Near the limit of changes these are written along with others only.
SAY_LITTLE = frozenset({"is_new_message", "email_ids", "sla_deadline", "sla_state"})
# One worker has seen nothing but failures: the tracker is away.
FAILURES_IN_A_ROW = 5


def push(
    backend: TrackerBackend, mirror: Mirror, *, now: Callable[[], datetime], most: int = 200, seconds: float = 20
) -> int:
    """Do what is due, for so long; returns how many jobs went well. Raises nothing for a tracker that fails."""
    started, done, failures = now(), 0, 0
    for _ in range(most):
        moment = now()
        if moment - started > timedelta(seconds=seconds) or not mirrors.may_call(mirror, moment):
            break
        job = jobs.lease(mirror.backend, moment)
        if job is None:
            break
        try:
            link = do(backend, mirror, job, moment)
        except (AuthNeeded, Misconfigured) as error:
            jobs.put_back(job, moment)
            mirrors.stand_still(mirror, error, moment)
        except (Transient, Ambiguous) as error:
            jobs.wait(job, error, moment, after=getattr(error, "retry_after", None))
            failures += 1
            if failures >= FAILURES_IN_A_ROW or getattr(error, "retry_after", None):
                mirrors.stand_still(mirror, error, moment)
        except Gone as error:
            # It may be out of sight for a moment only.
            if job.attempts > 1:
                jobs.dead(job, error, moment)
            else:
                jobs.wait(job, error, moment, after=LOOK_AGAIN)
        except TrackerError as error:
            logger.warning("job %d of %s: %s: %s", job.pk, job.incident_id, type(error).__name__, error)
            jobs.dead(job, error, moment)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # It keeps no other incident's jobs away.
            logger.exception("job %d of %s", job.pk, job.incident_id)
            jobs.wait(job, error, moment)
        else:
            jobs.done(job, moment, tells_all=job.kind == Job.Kind.STATE and not link.refused)
            mirrors.goes_well(mirror, moment)
            done, failures = done + 1, 0
    return done


def do(backend: TrackerBackend, mirror: Mirror, job: Job, now: datetime) -> IssueLink:
    """One job, and the link that it was done by; raises what the tracker says against it."""
    incident = Incident.objects.select_related(
        "status", "type", "assignee", "pole", "base_station", "contractor", "operator", "merged_into"
    ).get(pk=job.incident_id)
    link = find_link(mirror.backend, incident) or create(backend, mirror, incident, now)
    if link.state == State.FROZEN:
        raise Exhausted(link.said)
    try:
        if job.kind == Job.Kind.STATE:
            comments.tell_error(backend, link, incident)
            bring_up(backend, link, incident, now)
        else:
            comments.put(backend, link, job)
    except (Gone, Exhausted) as error:
        if isinstance(error, Exhausted) or job.attempts > 1:
            link.state = State.FROZEN if isinstance(error, Exhausted) else State.MISSING
            link.said = str(error)
            link.save(update_fields=["state", "said"])
        raise
    return link


def find_link(backend: str, incident: Incident) -> IssueLink | None:
    return IssueLink.objects.filter(backend=backend, incident=incident, is_left_behind=False).first()


def go_on_elsewhere(link: IssueLink, now: datetime) -> None:
    """A person wants the incident to go on in a new issue, since this one takes nothing more, or is gone."""
    with transaction.atomic():
        services.locked(link.incident)
        IssueLink.objects.filter(pk=link.pk).update(is_left_behind=True)
        jobs.add([Job(backend=link.backend, incident=link.incident, kind=Job.Kind.STATE, made_at=now, not_before=now)])
        not_taken = Job.objects.filter(backend=link.backend, incident=link.incident_id, state=Job.State.DEAD)
        for job in not_taken.filter(error__in=(Exhausted.__name__, Gone.__name__)):
            jobs.again(job, now)


def create(backend: TrackerBackend, mirror: Mirror, incident: Incident, now: datetime) -> IssueLink:
    """The issue of an incident, created once however often this is tried."""
    statuses = Statuses(reconciling.renamed())
    wanted = reconciling.ours(incident, mirror.backend, statuses, now)
    idem = f"dispatch:{mirror.install}:{incident.pk}"
    left = list(IssueLink.objects.filter(backend=mirror.backend, incident=incident).order_by("pk"))
    if left:
        # It goes on in another issue.
        idem = f"{idem}:{len(left)}"
    remote, left_out = _create_without(backend, wanted, idem)
    base = _first_base(backend, remote, wanted)
    link = _linked(mirror.backend, incident, remote, base, left_out, now)
    if left:
        comments.say(backend, link, f"Продолжение {left[-1].key}: {left[-1].url}", idem=f"after:{left[-1].remote_id}")
    return link


def _first_base(backend: TrackerBackend, remote: RemoteIssue, wanted: dict[str, Value]) -> Base:
    """What both sides say of a new issue, but for what people over there have changed since it was made."""
    said = reconciling.theirs(remote)
    there = {name: said.get(name) for name in wanted}
    changed = set[str]()
    if not remote.is_ours:
        # It was made by a call whose answer was lost, and somebody has been at it.
        changed = {each.field for each in backend.history(remote.ref, since=remote.created_at)}
        if not changed:
            return Base()
    same = {name: value for name, value in wanted.items() if there[name] == value and name not in changed}
    # What it does not say as we do is written again.
    return Base(same, {name: value for name, value in there.items() if name not in changed})


def _create_without(
    backend: TrackerBackend, wanted: dict[str, Value], idem: str
) -> tuple[RemoteIssue, dict[str, Value]]:
    """Create it; a field that is refused is left out, so that one wrong option keeps no incident away."""
    given = {name: value for name, value in wanted.items() if value is not None and name != STATUS}
    left_out: dict[str, Value] = {}
    while True:
        rest = {name: value for name, value in given.items() if name not in ("summary", "description")}
        draft = IssueDraft(str(given.get("summary") or ""), str(given.get("description") or ""), rest)
        try:
            return backend.ensure_issue(draft, idem=idem), left_out
        except Refused as refusal:
            if refusal.field not in rest:
                raise
            left_out[refusal.field] = given.pop(refusal.field)


def _linked(
    backend: str, incident: Incident, remote: RemoteIssue, base: Base, refused: dict[str, Value], now: datetime
) -> IssueLink:
    link = IssueLink(
        backend=backend,
        incident=incident,
        remote_id=remote.ref.id,
        key=remote.ref.key,
        url=remote.ref.url,
        version=remote.version,
        changed_at=remote.updated_at,
        refused=fields.as_json(refused),
        linked_at=now,
        writes=1,
    )
    reconciling.keep(link, base)
    try:
        history.link(link, now)
    except IntegrityError:
        # Another worker, or the reading of changes, was faster.
        return IssueLink.objects.get(backend=backend, remote_id=remote.ref.id)
    return link


def bring_up(backend: TrackerBackend, link: IssueLink, incident: Incident, now: datetime) -> None:
    """Write what differs from what was last agreed, and nothing else; the status by a step of its own."""
    for _ in range(MOST_MERGES):
        changes = _changes(link, incident, now)
        if changes and (not link.version or any(name not in reconciling.base_of(link).theirs for name in changes)):
            # Never agreed upon, or changed by our own comment: look before anything is written over.
            _merge(backend, link, incident, now)
            changes = _changes(link, incident, now)
        try:
            _write(backend, link, changes)
        except Conflict:
            _merge(backend, link, incident, now)
            continue
        _step(backend, link, incident, changes)
        if link.version or not changes:
            return
    raise Transient("the issue changes faster than we can read it")


def _changes(link: IssueLink, incident: Incident, now: datetime) -> dict[str, Value]:
    """What has to be written, but for what both sides keep setting back, and what was refused as it is."""
    base, frozen = reconciling.base_of(link), flips.still_frozen(link, now)
    wanted = reconciling.ours(incident, link.backend, Statuses(reconciling.renamed()), now, by_hand=link.is_by_hand)
    refused = fields.from_json(link.refused)
    changes = {
        name: value
        for name, value in wanted.items()
        if name not in frozen
        and not (name in refused and refused[name] == value)
        and (name not in base.ours or base.ours[name] != value)
    }
    if link.writes >= budget.MANY_WRITES and changes.keys() <= SAY_LITTLE:
        return {}
    return changes


def _write(backend: TrackerBackend, link: IssueLink, changes: dict[str, Value]) -> None:
    """All fields in one call; those that are refused are left out, one after another."""
    changes = {name: value for name, value in changes.items() if name != STATUS}
    while changes:
        reconciling.note_sent(link, changes)
        try:
            remote = backend.update_fields(ref_of(link), changes, expect=link.version)
        except Refused as refusal:
            if refusal.field not in changes:
                raise
            _leave_out(link, refusal.field, changes.pop(refusal.field))
            continue
        _agreed(link, remote, changes)
        return


def _step(backend: TrackerBackend, link: IssueLink, incident: Incident, changes: dict[str, Value]) -> None:
    if STATUS not in changes:
        return
    if incident.merged_into:
        comments.say(backend, link, f"Объединено с {incident.final.code}.", idem=f"merged:{incident.merged_into_id}")
    _bring_to(backend, link, str(changes[STATUS]))


def _bring_to(backend: TrackerBackend, link: IssueLink, wanted: str) -> None:
    """At once, or step by step through other statuses: several of ours may have become one job."""
    to, been = wanted, list[str]()
    while True:
        reconciling.note_sent(link, {STATUS: to})
        try:
            remote = backend.set_status(ref_of(link), to)
        except Refused as refusal:
            through = None
            if len(been) < MOST_STEPS:
                through = ways.first_step(refusal.steps, wanted, [*been, to], Statuses(reconciling.renamed()))
            if through is None:
                _leave_out(link, STATUS, wanted)
                raise Refused(str(refusal), field=STATUS) from None
            to = through
            continue
        _agreed(link, remote, {STATUS: to})
        if to == wanted:
            return
        been.append(to)
        to = wanted


def _agreed(link: IssueLink, remote: RemoteIssue, written: dict[str, Value]) -> None:
    """Both sides say the same of what was written; unless somebody read the issue meanwhile, who knows better."""
    before, said = reconciling.base_of(link), reconciling.theirs(remote)
    with transaction.atomic():
        fresh = IssueLink.objects.select_for_update().get(pk=link.pk)
        base = reconciling.base_of(fresh)
        ours, theirs = dict(base.ours), dict(base.theirs)
        for name, value in written.items():
            if _of(base, name) == _of(before, name):
                ours[name], theirs[name] = value, said.get(name)
            elif base.ours.get(name) != value or base.theirs.get(name) != said.get(name):
                ours.pop(name, None)
        is_known = fresh.version == link.version and _is_ours_alone(fresh, base, remote, written)
        # Read once more before the next write, if somebody changed it between our reading and our writing.
        fresh.version = remote.version if is_known else ""
        fresh.changed_at = max(fresh.changed_at, remote.updated_at)
        fresh.writes = reconciling.writes(fresh, remote)
        fresh.refused = {name: value for name, value in fresh.refused.items() if name not in written}
        reconciling.keep(fresh, Base(ours, theirs))
        reconciling.forget_sent(fresh, written)
        fresh.save(update_fields=["snapshot", "version", "changed_at", "writes", "refused"])
    link.refresh_from_db()


def _is_ours_alone(link: IssueLink, base: Base, remote: RemoteIssue, written: Mapping[str, Value]) -> bool:
    """Nothing else is over there than when it was last read; a step is taken whatever the version is."""
    said = reconciling.theirs(remote)
    others = base.theirs.keys() - written.keys() - link.frozen.keys() - remote.lacks
    return all(base.theirs[name] == said.get(name) for name in others)


def _of(base: Base, name: str) -> tuple[bool, Value, bool, Value]:
    return name in base.ours, base.ours.get(name), name in base.theirs, base.theirs.get(name)


def _leave_out(link: IssueLink, name: str, value: Value) -> None:
    with transaction.atomic():
        fresh = IssueLink.objects.select_for_update().get(pk=link.pk)
        fresh.refused[name] = fields.as_json({name: value})[name]
        fresh.save(update_fields=["refused"])
    link.refused = fresh.refused


def _merge(backend: TrackerBackend, link: IssueLink, incident: Incident, now: datetime) -> None:
    """Read the issue and take over what is new there; link and incident are fresh afterwards."""
    remote = backend.get_issue(ref_of(link))
    if not remote.is_ours:
        # The version that is known afterwards has somebody's words in it, too.
        remarks.take(backend, link, remote, now)
    reconciling.reconcile(link.pk, remote, reconciling.authors(backend, link, remote), now, add_job=False)
    link.refresh_from_db()
    incident.refresh_from_db()


def ref_of(link: IssueLink) -> RemoteRef:
    return RemoteRef(link.remote_id, link.key, link.url)
