"""Issues that people created over there become incidents, with the clock running from their creation."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction

from incidents import services
from incidents.models import Incident
from tracker_bridge import people, reconciling
from tracker_bridge.merging import Base
from tracker_bridge.models import IssueLink, Mirror
from tracker_bridge.protocol import RemoteIssue

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
        if incident is None and remote.author == "":
            # Ours, and not yet linked: the job that made it is at it.
            return None
        is_by_hand = incident is None
        if incident is None:
            incident = _opened(remote, mirror.backend, now)
        link = IssueLink(
            backend=mirror.backend,
            incident=incident,
            remote_id=remote.ref.id,
            key=remote.ref.key,
            url=remote.ref.url,
            version=remote.version,
            changed_at=remote.updated_at,
            linked_at=now,
            is_by_hand=is_by_hand,
        )
        reconciling.keep(link, Base())
        link.save()
    return link


def _opened(remote: RemoteIssue, backend: str, now: datetime) -> Incident:
    subject = " ".join(str(remote.fields.get("summary") or remote.ref.key).split())[:LONGEST_SUBJECT]
    by = people.user(backend, remote.author)
    return services.open_by_hand(
        subject=subject,
        requester_name="",
        requester_email="",
        by=by if by and by.has_perm("incidents.work_incident") else None,
        at=min(remote.created_at, now),
    )


def named_in_summary(remote: RemoteIssue, backend: str) -> Incident | None:
    """The incident whose code stands first in the summary, if no issue is its own yet."""
    first = re.match(r"[\w-]+", str(remote.fields.get("summary") or ""))
    incident = Incident.objects.filter(code=first[0].upper()).first() if first else None
    return incident if incident and is_free(incident, backend) else None


def is_free(incident: Incident, backend: str) -> bool:
    """No issue is its own yet."""
    return not incident.issue_links.filter(backend=backend, is_left_behind=False).exists()
