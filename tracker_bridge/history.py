"""What an incident has heard and said before it had its issue: told over there in the order of time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from incidents import services
from incidents.models import Comment, Incident, IncidentEmail
from tracker_bridge import jobs
from tracker_bridge.models import IssueLink, Job, MirroredComment


def link(link: IssueLink, now: datetime) -> None:
    """Save a new link, and jobs for all that has been told nowhere; both or neither, with the incident held."""
    with transaction.atomic():
        services.locked(Incident(pk=link.incident_id))
        link.save()
        jobs.add(_untold(link, now))


def _untold(link: IssueLink, now: datetime) -> list[Job]:
    facts = {"backend": link.backend, "incident_id": link.incident_id, "made_at": now, "not_before": now}
    known = {"backend": link.backend, "incident": link.incident_id}
    letters = IncidentEmail.objects.filter(
        ~Exists(Job.objects.filter(**known, email=OuterRef("email"))),
        ~Exists(MirroredComment.objects.filter(link__incident=link.incident_id, email=OuterRef("email"))),
        incident=link.incident_id,
    ).values_list("email", "email__received_at")
    notes = Comment.objects.filter(
        ~Exists(Job.objects.filter(**known, comment=OuterRef("pk"))),
        ~Exists(MirroredComment.objects.filter(comment=OuterRef("pk"))),
        incident=link.incident_id,
    ).values_list("pk", "at")
    untold = [(at, key, Job(kind=Job.Kind.LETTER, email_id=key, **facts)) for key, at in letters]
    untold += [(at, key, Job(kind=Job.Kind.NOTE, comment_id=key, **facts)) for key, at in notes]
    untold.sort(key=lambda each: each[:2])
    return [job for at, _, job in untold if link.told_from is None or at >= link.told_from]
