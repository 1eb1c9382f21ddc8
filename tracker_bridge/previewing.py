"""What an import and the mirror after it would do, both ways; nothing is written here or over there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count

from incidents.models import Incident
from tracker_bridge import fields, flips, importing, naming, reconciling
from tracker_bridge.merging import Base, merge
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.protocol import RemoteIssue, TrackerBackend, Value
from tracker_bridge.statuses import Statuses


@dataclass(frozen=True, slots=True)
class Change:
    """A field and what it would become."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of one issue. `fate` is a name of Import's counters; empty: it is left alone."""

    key: str
    summary: str
    fate: str
    # The incident's code; empty where there is none yet.
    code: str = ""
    # Taken over here, written over there, and put back over there although somebody changed it.
    taken: tuple[Change, ...] = ()
    written: tuple[Change, ...] = ()
    disputed: tuple[str, ...] = ()


@dataclass
class Outlook:
    """All plans, counted."""

    fates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("known", "linked", "opened", ""), 0))
    taken: int = 0
    written: int = 0
    # Incidents that would be joined with an issue.
    met: set[str] = field(default_factory=set)

    def add(self, plan: Plan) -> None:
        self.fates[plan.fate] += 1
        self.taken += len(plan.taken)
        self.written += len(plan.written)
        self.met.add(plan.code)


def issues(backend: TrackerBackend, mirror: Mirror, *, since: datetime | None, now: datetime) -> Iterator[Plan]:
    """A plan for each issue over there, once."""
    seen = set[str]()
    for page in backend.changes(""):
        for remote in page.issues:
            if remote.ref.id not in seen:
                seen.add(remote.ref.id)
                yield _plan(mirror.backend, remote, since, now)


def new_issues(mirror: Mirror, met: set[str]) -> list[Incident]:
    """Open incidents that would get an issue of their own."""
    return [each for each in importing.without_issue(mirror.backend) if each.code not in met]


def waiting(mirror: Mirror) -> Mapping[str, int]:
    """Jobs that would be done, by kind."""
    jobs = Job.objects.filter(backend=mirror.backend, state=Job.State.WAITING).order_by()
    return dict(jobs.values_list("kind").annotate(Count("pk")))


def _plan(backend: str, remote: RemoteIssue, since: datetime | None, now: datetime) -> Plan:
    summary = str(remote.fields.get("summary") or "")
    known = IssueLink.objects.filter(backend=backend, remote_id=remote.ref.id, is_left_behind=False)
    link = known.select_related("incident").first()
    fate = "known" if link else importing.kind(remote, backend, since)
    incident = link.incident if link else naming.named(remote, backend) if fate == "linked" else None
    if incident is None:
        return Plan(remote.ref.key, summary, fate)
    base = reconciling.base_of(link) if link else Base()
    said, theirs = reconciling.ours(incident, backend, Statuses(reconciling.renamed()), now), reconciling.theirs(remote)
    frozen = flips.still_frozen(link, now) if link else ()
    merged = merge(base, said, theirs, reconciling.OWNERS, frozen)
    refused = fields.from_json(link.refused) if link else {}
    return Plan(
        remote.ref.key,
        summary,
        fate,
        incident.code,
        tuple(Change(name, said[name], value) for name, value in merged.take.items()),
        tuple(
            Change(name, theirs.get(name), value)
            for name, value in merged.push.items()
            if name not in refused or refused[name] != value
        ),
        tuple(each.name for each in merged.disputes),
    )
