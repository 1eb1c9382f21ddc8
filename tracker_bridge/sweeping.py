"""What no event tells: deadlines that pass, marks that are cleared, and whatever was missed on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Incident, IncidentEmail
from tracker_bridge import flips, jobs, pulling
from tracker_bridge.models import IssueLink, Job, Mirror, MirroredComment
from tracker_bridge.protocol import AuthNeeded, Gone, Misconfigured, RemoteRef, TrackerBackend, Transient

STATE = IssueLink.State
LATELY = timedelta(days=7)
YES, NO = "Да", "Нет"


def note_quiet_changes(mirror: Mirror, now: datetime) -> int:
    """Jobs for open incidents whose deadline has passed since the last look, or whose letters were read.

    And for fields that were left alone, since both sides kept setting them back, when the time for it is over.
    """
    since = mirror.overdue_up_to or mirror.began_at
    linked = IssueLink.objects.filter(backend=mirror.backend, is_left_behind=False, state=STATE.LINKED)
    overdue = Incident.objects.filter(closed_at=None, due_at__gt=since, due_at__lte=now)
    keys = set(linked.filter(incident__in=overdue.values("pk")).values_list("incident", flat=True))
    for told, is_news in ((YES, False), (NO, True)):
        # Letters come into closed incidents, too, and are read there.
        other = linked.filter(
            Q(incident__closed_at=None) | Q(incident__active_at__gt=now - LATELY),
            incident__has_news=is_news,
            snapshot__ours__is_new_message=told,
        )
        keys |= set(other.values_list("incident", flat=True))
    keys |= _thawed(linked, now)
    jobs.add_from_outside(_state(mirror, key, now) for key in sorted(keys))
    mirror.overdue_up_to = now
    mirror.save(update_fields=["overdue_up_to"])
    return len(keys)


def _thawed(linked: QuerySet[IssueLink], now: datetime) -> set[int]:
    """Incidents with fields that were left alone for long enough; their issues are looked at anew."""
    thawed = [link for link in linked.exclude(frozen={}) if not flips.still_frozen(link, now)]
    IssueLink.objects.filter(pk__in=[link.pk for link in thawed]).update(frozen={}, version="")
    return {link.incident_id for link in thawed}


def add_missing_letters(mirror: Mirror, now: datetime, limit: int = 1000) -> int:
    """Jobs for letters of mirrored incidents that have neither comment nor job: those that were moved there."""
    told = MirroredComment.objects.filter(
        link__incident=OuterRef("incident"), link__backend=mirror.backend, email=OuterRef("email")
    )
    waiting = Job.objects.filter(backend=mirror.backend, incident=OuterRef("incident"), email=OuterRef("email"))
    # Letters come into closed incidents by merging, which makes these active.
    open_or_lately = Q(incident__closed_at=None) | Q(incident__active_at__gt=now - LATELY)
    is_untold = Q(told_from=None) | Q(told_from__lte=OuterRef("email__received_at"))
    linked = IssueLink.objects.filter(
        open_or_lately, is_untold, backend=mirror.backend, incident=OuterRef("incident"), state=STATE.LINKED
    )
    missing = IncidentEmail.objects.filter(Exists(linked), ~Exists(told), ~Exists(waiting))
    letters = list(missing.order_by("email__received_at", "email")[:limit])
    jobs.add_from_outside(
        Job(
            backend=mirror.backend,
            incident_id=each.incident_id,
            kind=Job.Kind.LETTER,
            email_id=each.email_id,
            made_at=now,
            not_before=now,
        )
        for each in letters
    )
    return len(letters)


def sweep(backend: TrackerBackend, mirror: Mirror, now: datetime, *, limit: int = 500) -> bool:
    """Look at open linked issues by their ids, some at a time; True when all have been looked at.

    Finds what the search never showed, and issues that are gone.
    """
    open_links = IssueLink.objects.filter(
        backend=mirror.backend,
        pk__gt=mirror.swept_up_to,
        is_left_behind=False,
        state__in=(STATE.LINKED, STATE.LEFT),
        incident__closed_at=None,
    ).order_by("pk")
    links = list(open_links[:limit])
    for link in links:
        try:
            remote = backend.get_issue(RemoteRef(link.remote_id, link.key, link.url))
            pulling.take(backend, mirror, remote, now, closely=True)
        except Gone as error:
            link.state, link.said = STATE.MISSING, str(error)
            link.save(update_fields=["state", "said"])
        except (Transient, AuthNeeded, Misconfigured):
            # Goes on from here next time.
            return False
        mirror.swept_up_to = link.pk
        mirror.save(update_fields=["swept_up_to"])
    if len(links) == limit:
        return False
    mirror.swept_up_to, mirror.swept_at = 0, now
    mirror.save(update_fields=["swept_up_to", "swept_at"])
    return True


def _state(mirror: Mirror, incident: int, now: datetime) -> Job:
    return Job(backend=mirror.backend, incident_id=incident, kind=Job.Kind.STATE, made_at=now, not_before=now)
