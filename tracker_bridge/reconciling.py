"""One issue and its incident, made to agree as far as this side can: what is left to write over there becomes a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import events, services
from incidents.models import Incident
from tracker_bridge import applying, fields, flips, jobs, mirrors, people
from tracker_bridge.applying import Refusal
from tracker_bridge.fields import FIELDS, STATUS, Owner
from tracker_bridge.merging import Base, Dispute, Merged, merge, with_echoes
from tracker_bridge.models import Conflict, IssueLink, Job
from tracker_bridge.protocol import RemoteIssue, TrackerBackend, Value
from tracker_bridge.statuses import Statuses, mapping

if TYPE_CHECKING:
    from dispatchers.models import User

OWNERS: Mapping[str, Owner] = {**{name: field.owner for name, field in FIELDS.items()}, STATUS: Owner.TRACKER}
# A version of more digits is a moment or a hash, and no number of changes.
LONGEST_COUNT = 7
# Somebody's change may be older than our own last one.
LOOK_BACK = timedelta(hours=1)
ALWAYS = frozenset({"summary", "description", "assignee"})


def mirrored() -> frozenset[str]:
    """Fields that the settings name over there, and those that every tracker has."""
    tracker = mirrors.configured()
    return ALWAYS | frozenset(tracker.fields if tracker else ())


def ours(
    incident: Incident, backend: str, statuses: Statuses, now: datetime, *, by_hand: bool = False
) -> dict[str, Value]:
    """All that the incident has to say over there, in canonical form.

    `by_hand`: a person made the issue, and its description stays as he wrote it.
    """
    names = mirrored() - {"description"} if by_hand else mirrored()
    wanted = fields.wanted(incident, names, people.logins(backend), now)
    return {**wanted, STATUS: statuses.theirs(incident.status)}


def theirs(remote: RemoteIssue) -> dict[str, Value]:
    """All that the issue says, in canonical form."""
    return {**{name: fields.canonical(value) for name, value in remote.fields.items()}, STATUS: remote.status}


def base_of(link: IssueLink) -> Base:
    kept = link.snapshot
    return Base(fields.from_json(kept.get("ours", {})), fields.from_json(kept.get("theirs", {})))


def keep(link: IssueLink, base: Base) -> None:
    kept = {"ours": fields.as_json(base.ours), "theirs": fields.as_json(base.theirs)}
    link.snapshot = {**link.snapshot, **kept}


def sent(link: IssueLink) -> dict[str, list[Value]]:
    """What we have begun to write and know no answer of, by field."""
    return {
        name: [fields.from_json({name: each})[name] for each in values]
        for name, values in link.snapshot.get("sent", {}).items()
    }


def note_sent(link: IssueLink, changes: Mapping[str, Value]) -> None:
    """Before it is written: whoever reads it over there knows that nobody but us has changed it."""
    with transaction.atomic():
        fresh = IssueLink.objects.select_for_update().only("snapshot").get(pk=link.pk)
        known = fresh.snapshot.setdefault("sent", {})
        for name, value in fields.as_json(changes).items():
            known[name] = [*known.get(name, ()), value]
        fresh.save(update_fields=["snapshot"])


def forget_sent(link: IssueLink, names: Collection[str]) -> None:
    """The answer is known. The caller saves the link."""
    known = link.snapshot.get("sent", {})
    link.snapshot["sent"] = {name: values for name, values in known.items() if name not in names}


def authors(backend: TrackerBackend, link: IssueLink, remote: RemoteIssue) -> dict[str, str]:
    """Who changed each field since both sides agreed, by the tracker's history: the issue names its last writer only.

    Costs a call where something was changed by somebody else than us; call it before `reconcile`.
    """
    base, said = with_echoes(base_of(link), sent(link), theirs(remote)), theirs(remote)
    changed = {name for name in OWNERS if base.theirs.get(name) != said.get(name)}
    if not changed:
        return {}
    found = dict.fromkeys(changed, "" if remote.is_ours else remote.writer)
    for change in backend.history(remote.ref, since=link.changed_at - LOOK_BACK):
        if change.field in changed and change.author:
            found[change.field] = change.author
    return found


@transaction.atomic
def reconcile(
    link_pk: int,
    remote: RemoteIssue,
    authors: Mapping[str, str],
    now: datetime,
    *,
    add_job: bool = True,
    is_late: bool = False,
) -> None:
    """Take over what was changed over there, note what was not kept, and have the rest written there by a job.

    `add_job=False`: the caller is that job. `is_late`: a search showed the issue, perhaps as it was before our last
    write; then it is left alone, since it will be shown again.

    One transaction with the incident held: a crash leaves the link as it was, and the same issue is read again.
    """
    link = IssueLink.objects.get(pk=link_pk)
    incident = services.locked(Incident(pk=link.incident_id))
    link = IssueLink.objects.select_for_update().get(pk=link_pk)
    if is_late and remote.updated_at < link.changed_at:
        return
    statuses = Statuses(renamed())
    frozen = flips.still_frozen(link, now) | remote.lacks
    base = with_echoes(base_of(link), sent(link), theirs(remote))
    said = ours(incident, link.backend, statuses, now, by_hand=link.is_by_hand)
    merged = merge(base, said, theirs(remote), OWNERS, frozen)
    refusals: Sequence[Refusal] = ()
    if merged.take and not incident.merged_into_id:
        who = {name: _may(people.user(link.backend, authors.get(name, ""))) for name in merged.take}
        had_pole, was_error = incident.pole_id is not None, incident.status.is_error
        names = {name: people.name(link.backend, authors.get(name, "")) for name in merged.take}
        refusals = applying.take(
            incident, merged.take, backend=link.backend, statuses=statuses, people=who, names=names, now=now
        )
        by = next((person for person in who.values() if person), None)
        with events.done_elsewhere(", ".join(dict.fromkeys(filter(None, names.values())))):
            incident = applying.go_on(
                incident, link, merged.take, refusals, had_pole=had_pole, was_error=was_error, by=by, now=now
            )
            _explain(incident, link, refusals, now)
    incident.refresh_from_db()
    after = ours(incident, link.backend, statuses, now, by_hand=link.is_by_hand)
    agreed = _with_taken(merged, refusals, after)
    is_armed = _arm_again(link, base, remote)
    keep(link, agreed)
    if not add_job:
        # Whoever writes is the one who reads: nothing is on its way.
        link.snapshot["sent"] = {}
    disputes = _disputes(merged, refusals, base, said)
    _note(link, disputes, authors, now)
    flips.count(link, disputes, now)
    flips.count_taken(link, {name: said[name] for name in merged.take}, _accepted(merged, refusals), now)
    _follow(link, remote)
    link.save()
    if add_job and (is_armed or _differs(agreed, after, flips.still_frozen(link, now) | remote.lacks)):
        jobs.add([Job(backend=link.backend, incident=incident, kind=Job.Kind.STATE, made_at=now, not_before=now)])


def _arm_again(link: IssueLink, base: Base, remote: RemoteIssue) -> bool:
    """From another status over there another step leads on: one that was refused is tried once more."""
    if STATUS not in link.refused or base.theirs.get(STATUS) == remote.status:
        return False
    del link.refused[STATUS]
    return True


def _explain(incident: Incident, link: IssueLink, refusals: Sequence[Refusal], now: datetime) -> None:
    """Why something was not taken over: an error says its reason itself, the rest is a note; both are told there."""
    wrong = [each.words for each in refusals if each.is_error and incident.is_open]
    if wrong:
        # What was wrong before, and still is, beside it.
        reason = " ".join(dict.fromkeys([*link.wrong.values(), *wrong]))
        incident = services.raise_error(incident, reason=reason, by=None, at=now)
    if others := [each.words for each in refusals if each.words not in wrong]:
        services.add_comment(incident, "\n".join(others), by=None, at=now)


def _disputes(
    merged: Merged, refusals: Sequence[Refusal], base: Base, said: Mapping[str, Value]
) -> tuple[Dispute, ...]:
    """Those of the merge, and what the incident would not take."""
    refused = {each.name for each in refusals}
    kept = tuple(each for each in merged.disputes if each.name not in refused)
    return kept + tuple(
        Dispute(name, base.ours.get(name), said[name], merged.take[name], Owner.DISPATCH) for name in sorted(refused)
    )


def _with_taken(merged: Merged, refusals: Sequence[Refusal], now_ours: Mapping[str, Value]) -> Base:
    """Both sides agree on what was taken over as it was said; what was refused or completed goes back over there."""
    base_ours, base_theirs = dict(merged.agreed.ours), dict(merged.agreed.theirs)
    refused = {each.name for each in refusals}
    for name, value in merged.take.items():
        if name not in refused and now_ours[name] == value:
            base_ours[name] = value
        else:
            # Not agreed on, so that it is written there.
            base_ours.pop(name, None)
    for name in merged.push:
        base_ours.pop(name, None)
    return Base(base_ours, base_theirs)


def _accepted(merged: Merged, refusals: Sequence[Refusal]) -> dict[str, Value]:
    refused = {each.name for each in refusals}
    return {name: value for name, value in merged.take.items() if name not in refused}


def _differs(agreed: Base, now_ours: Mapping[str, Value], frozen: Collection[str]) -> bool:
    return any(
        name not in agreed.ours or agreed.ours[name] != value for name, value in now_ours.items() if name not in frozen
    )


def _note(link: IssueLink, disputes: Sequence[Dispute], authors: Mapping[str, str], now: datetime) -> None:
    as_json = fields.as_json
    Conflict.objects.bulk_create(
        Conflict(
            link=link,
            field=each.name,
            base=as_json({"": each.base})[""],
            ours=as_json({"": each.ours})[""],
            theirs=as_json({"": each.theirs})[""],
            winner=Conflict.Winner.DISPATCH if each.winner is Owner.DISPATCH else Conflict.Winner.TRACKER,
            author=authors.get(each.name, ""),
            at=now,
        )
        for each in disputes
    )


def _follow(link: IssueLink, remote: RemoteIssue) -> None:
    """What the issue says of itself; how many comments were read, remarks.take knows."""
    link.key, link.url, link.version = remote.ref.key, remote.ref.url, remote.version
    link.changed_at = max(link.changed_at, remote.updated_at)
    link.writes = max(link.writes, _changes_made(remote))
    if link.state in (IssueLink.State.LINKED, IssueLink.State.LEFT, IssueLink.State.MISSING):
        link.state = IssueLink.State.LINKED if remote.in_scope else IssueLink.State.LEFT


def writes(link: IssueLink, remote: RemoteIssue) -> int:
    """How many changes the issue has taken, after one more of ours; the tracker's own number where it has one."""
    return max(link.writes + 1, _changes_made(remote))


def _changes_made(remote: RemoteIssue) -> int:
    return int(remote.version) if remote.version.isdigit() and len(remote.version) < LONGEST_COUNT else 0


def renamed() -> Mapping[str, str]:
    """Keys of statuses that are others over there."""
    tracker = mirrors.configured()
    return mapping(tracker) if tracker else {}


def _may(person: User | None) -> User | None:
    return person if person and person.has_perm("incidents.work_incident") else None
