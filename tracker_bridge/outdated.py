"""Rows of the mirror that nobody needs any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from tracker_bridge.models import Conflict, Job, MirroredComment

# Who told what, and whose value was kept, is asked within a quarter.
KEPT = timedelta(days=90)


def jobs(now: datetime) -> QuerySet[Job]:
    """Done or skipped long ago.

    A letter or note that has no comment over there keeps its job: nothing else says that it is not to be told.
    """
    comments = MirroredComment.objects.filter(link__incident=OuterRef("incident"), link__backend=OuterRef("backend"))
    is_told = Exists(comments.filter(email=OuterRef("email"))) | Exists(comments.filter(comment=OuterRef("comment")))
    ended = Job.objects.filter(state__in=(Job.State.DONE, Job.State.SKIPPED), ended_at__lt=now - KEPT)
    return ended.filter(Q(kind=Job.Kind.STATE) | is_told)


def conflicts(now: datetime) -> QuerySet[Conflict]:
    """Settled long ago."""
    return Conflict.objects.filter(at__lt=now - KEPT)
