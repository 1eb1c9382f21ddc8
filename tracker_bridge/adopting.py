"""Issues that people created over there become incidents, with the clock running from their creation."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction

from incidents import events, services
from incidents.models import Incident
from tracker_bridge import jobs, people, reconciling, typed_sites, workflow
from tracker_bridge.fields import STATUS, Owner
from tracker_bridge.merging import Base
from tracker_bridge.models import IssueLink, Mirror
from tracker_bridge.protocol import RemoteIssue
from tracker_bridge.statuses import Statuses

LONGEST_SUBJECT = 500


def adopt(mirror: Mirror, remote: RemoteIssue, now: datetime, since: datetime | None = None) -> IssueLink | None:
    """The link of an issue that nobody here knows; None if it is not for us.

    Issues from before `since`, or from before the mirror began, are left to the import.

    An issue of ours whose answer was lost names its incident in its summary; it is linked, and not made an incident.
    """
    if not remote.in_scope or remote.created_at < (since or mirror.began_at):
        return None
    with transaction.atomic():
        # Whoever else reads the same issue waits here.
        Mirror.objects.select_for_update().get(pk=mirror.pk)
        if known := IssueLink.objects.filter(backend=mirror.backend, remote_id=remote.ref.id).first():
            return known
        incident = named_in_summary(remote, mirror.backend)
        # Those from before the mirror are the predecessor's.
        is_ours = remote.author == "" and remote.created_at >= mirror.began_at
        if is_ours and (incident is None or jobs.waits(mirror.backend, incident)):
            # Not yet linked: the job that made it is at it, and knows what it wrote.
            return None
        is_by_hand, base = incident is None, Base()
        if incident is None:
            incident = _opened(remote, mirror.backend, now)
            base = _as_it_begins(remote, incident)
        link = IssueLink(
            backend=mirror.backend,
            incident=incident,
            remote_id=remote.ref.id,
            key=remote.ref.key,
            url=remote.ref.url,
            # Not looked at yet, so that it is, whoever dies before.
            version="",
            changed_at=remote.updated_at,
            linked_at=now,
            is_by_hand=is_by_hand,
        )
        reconciling.keep(link, base)
        link.save()
    return link


def _as_it_begins(remote: RemoteIssue, incident: Incident) -> Base:
    """What is ours to say takes the place of what stands there, and nobody's change is lost by it.

    Nobody chose a status that means nothing here, as a queue may begin with, nor wants one beside wrong data.
    """
    said = reconciling.theirs(remote)
    ours = {name: value for name, value in said.items() if reconciling.OWNERS.get(name) is Owner.DISPATCH}
    is_known = Statuses(reconciling.renamed()).ours(remote.status) is not None
    return Base({}, ours if is_known and not incident.status.is_error else {**ours, STATUS: remote.status})


def _opened(remote: RemoteIssue, backend: str, now: datetime) -> Incident:
    """A new incident where the issue stands, about the site that its words name if no field does."""
    summary = " ".join(str(remote.fields.get("summary") or remote.ref.key).split())
    by = people.user(backend, remote.author)
    at = min(remote.created_at, now)
    with events.done_elsewhere(people.name(backend, remote.author)):
        incident = services.open_by_hand(
            summary[:LONGEST_SUBJECT], by=by if by and by.has_perm("incidents.work_incident") else None, at=at
        )
        if status := Statuses(reconciling.renamed()).ours(remote.status):
            # Somebody has moved it on already.
            incident = workflow.bring(incident, status, at=now)
    if not remote.fields.get("pole") and not remote.fields.get("base_station"):
        incident = typed_sites.in_words(incident, summary, str(remote.fields.get("description") or ""), now)
    return incident


def named_in_summary(remote: RemoteIssue, backend: str) -> Incident | None:
    """The incident whose code stands first in the summary, if no issue is its own yet."""
    first = re.match(r"[\w-]+", str(remote.fields.get("summary") or ""))
    incident = Incident.objects.filter(code=first[0].upper()).first() if first else None
    return incident if incident and is_free(incident, backend) else None


def is_free(incident: Incident, backend: str) -> bool:
    """No issue is its own yet."""
    return not incident.issue_links.filter(backend=backend, is_left_behind=False).exists()
