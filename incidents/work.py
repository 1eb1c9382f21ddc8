"""What people do on an incident beside talking: whose move it is, kinds of work, tags, checklists."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from incidents import events, services
from incidents.errors import DomainError
from incidents.models import ChecklistItem, ChecklistMark, Incident, IncidentTag, Tag, WorkPeriod

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from dispatchers.models import User

MOST_TAGS = 20


def open_incident(incident: Incident) -> Incident:
    """The fresh row, locked. Raises DomainError for a merged or a closed one."""
    incident = services.workable(incident)
    if not incident.is_open:
        raise DomainError(_("%(code)s is closed. Reopen it first.") % {"code": incident.code})
    return incident


@transaction.atomic
def pass_ball(incident: Incident, to: str, *, by: User, at: datetime) -> Incident:
    """Say who has to do the next thing. Saying what stands there already records nothing."""
    incident = open_incident(incident)
    if incident.ball == to:
        return incident
    before, incident.ball, incident.ball_since = incident.ball, to, at
    services.touch(incident, "ball", "ball_since", by=by, at=at)
    events.record(incident, "ball_passed", actor=by, at=at, **{"from": before, "to": to})
    return incident


@transaction.atomic
def start_work(incident: Incident, kind: str, *, since: datetime, by: User, at: datetime) -> WorkPeriod:
    """Work of this kind began; the same kind runs once at a time."""
    incident = open_incident(incident)
    if since > at:
        raise DomainError(_("Work cannot have begun in the future."))
    if WorkPeriod.objects.filter(incident=incident, kind=kind, ended_at=None).exists():
        raise DomainError(_("This kind of work is already running."))
    period = WorkPeriod.objects.create(incident=incident, kind=kind, started_at=since, author=by)
    services.touch(incident, by=by, at=at)
    events.record(incident, "work_started", actor=by, at=at, work=period.pk, kind_of_work=kind, since=since.isoformat())
    return period


@transaction.atomic
def end_work(period: WorkPeriod, *, by: User, at: datetime) -> WorkPeriod:
    """The work is over, also on an incident that is closed by now."""
    incident = services.workable(period.incident)
    period = WorkPeriod.objects.get(pk=period.pk)
    if period.ended_at:
        raise DomainError(_("This work has already ended."))
    period.ended_at = max(at, period.started_at)
    period.save(update_fields=["ended_at"])
    services.touch(incident, by=by, at=at)
    events.record(incident, "work_ended", actor=by, at=at, work=period.pk, kind_of_work=period.kind)
    return period


@transaction.atomic
def tag(incident: Incident, name: str, *, by: User, at: datetime) -> Tag:
    """Put a tag on; a new word becomes a tag, an old one is found however it is capitalised."""
    incident = services.workable(incident)
    found = Tag.objects.filter(name__iexact=name).order_by("pk").first()
    # Two people may write the same new word in one moment: get_or_create asks again.
    found = found or Tag.objects.get_or_create(name=name)[0]
    if incident.tag_rows.filter(tag=found).exists():
        return found
    if incident.tag_rows.count() >= MOST_TAGS:
        raise DomainError(_("An incident has %(n)d tags at most. Remove one first.") % {"n": MOST_TAGS})
    IncidentTag.objects.create(incident=incident, tag=found)
    services.touch(incident, by=by, at=at)
    events.record(incident, "tagged", actor=by, at=at, name=found.name)
    return found


@transaction.atomic
def untag(incident: Incident, found: Tag, *, by: User, at: datetime) -> None:
    """Take a tag off; one that is not there is off already."""
    incident = services.workable(incident)
    if incident.tag_rows.filter(tag=found).delete()[0]:
        services.touch(incident, by=by, at=at)
        events.record(incident, "untagged", actor=by, at=at, name=found.name)


def checklist(incident: Incident) -> QuerySet[ChecklistItem]:
    """What is to be done for incidents of this type, and for all."""
    return ChecklistItem.objects.filter(Q(type=None) | Q(type=incident.type_id), is_active=True)


@transaction.atomic
def mark(incident: Incident, item: ChecklistItem, *, done: bool, by: User, at: datetime) -> None:
    """Tick an item of the checklist, or take the tick back. Doing either twice records nothing."""
    incident = services.workable(incident)
    if done:
        facts = {"person": by, "at": at}
        changed = ChecklistMark.objects.get_or_create(incident=incident, item=item, defaults=facts)[1]
    else:
        changed = bool(ChecklistMark.objects.filter(incident=incident, item=item).delete()[0])
    if changed:
        services.touch(incident, by=by, at=at)
        names = {"name_ru": item.name_ru, "name_en": item.name_en}
        events.record(incident, "checked" if done else "unchecked", actor=by, at=at, item=item.pk, **names)


def unfinished(incident: Incident) -> list[ChecklistItem]:
    """What closing asks about: required items that nobody has ticked."""
    return list(checklist(incident).filter(is_required=True).exclude(marks__incident=incident))
