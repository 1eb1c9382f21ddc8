"""Taking back an assignment or a step of the status: the fact is again what it was, by an event of the same kind.

So everything that follows assignments and steps (why-lines, late clicks, mirrors) follows this one too; the event says
with `undoes` which one it takes back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import events, notices, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, Status, StatusClass
from incidents.services import _kind_of_move as kind_of_step
from mailbox.models import Outgoing

if TYPE_CHECKING:
    from dispatchers.models import User

# A slip is noticed soon; later somebody else relies on what was done.
WITHIN = timedelta(minutes=10)
ASSIGNED = "assigned"
STEPS = frozenset({"status_changed", "error", "closed", "reopened", "handed_over", "sending"})


def may_be_undone(event: IncidentEvent, now: datetime) -> bool:
    """Whether a person did it, of a kind and at an age that can be taken back; what happened since is not asked."""
    is_step = event.kind in STEPS and bool(event.data.get("from"))
    return (is_step or event.kind == ASSIGNED) and event.actor_id is not None and now - event.at <= WITHIN


def of_click(incident: Incident, by: User, at: datetime) -> list[IncidentEvent]:
    """What this person did in this moment and may take back, the last deed last; `undo` of any undoes them all."""
    same = incident.events.filter(actor=by, at=at, kind__in=STEPS | {ASSIGNED}).order_by("id")
    return [each for each in same if may_be_undone(each, at)]


@transaction.atomic
def undo(event: IncidentEvent, *, by: User, at: datetime) -> list[IncidentEvent]:
    """Put back what this event changed, and what the same click changed beside it.

    Raises DomainError, naming what happened, when it is too old, was undone already, sent a letter, or somebody has
    changed the same fact since.
    """
    if event.actor is None or not may_be_undone(event, at):
        raise DomainError(_("This can only be undone within 10 minutes."))
    incident = services.locked(event.incident)
    if incident.merged_into_id:
        said = _("%(code)s was merged into %(into)s. Go on there.")
        raise DomainError(said % {"code": incident.code, "into": incident.final.code})
    # “Take” assigns and moves on in one click, so both go back.
    click = of_click(incident, event.actor, event.at)
    for each in click:
        _refuse_if_newer(incident, each)
    for each in click:
        notices.take_back(each, at)
    if any(each.kind in STEPS for each in click):
        _refuse_if_sent(incident, event.at)
    # The last deed first: a step of the status closes and opens what may be assigned.
    return [_put_back(incident, each, by, at) for each in reversed(click)]


def _refuse_if_newer(incident: Incident, event: IncidentEvent) -> None:
    kinds = {ASSIGNED} if event.kind == ASSIGNED else STEPS
    since = incident.events.filter(kind__in=kinds, pk__gt=event.pk)
    newer = since.select_related("actor").order_by("-id").first()
    if newer is None:
        return
    if newer.data.get("undoes") == event.pk:
        raise DomainError(_("Somebody has undone this already."))
    said = _("%(change)s So this cannot be undone any more.")
    raise DomainError(said % {"change": _change(newer)})


def _change(event: IncidentEvent) -> str:
    who = event.actor.full_name if event.actor else _("Dispatch")
    words = {"who": who, "at": timezone.localtime(event.at).strftime("%H:%M")}
    to = event.data.get("to")
    if event.kind == ASSIGNED and to is None:
        return _("%(who)s returned it to the common queue at %(at)s.") % words
    if event.kind == ASSIGNED:
        person = get_user_model()._default_manager.get(pk=to)
        return _("%(who)s gave it to %(name)s at %(at)s.") % {**words, "name": person.full_name}
    if to is None:
        return _("%(who)s wrote what is wrong at %(at)s.") % words
    return _("%(who)s set “%(status)s” at %(at)s.") % {**words, "status": Status.objects.get(pk=to).name}


def _refuse_if_sent(incident: Incident, at: datetime) -> None:
    since = incident.letters.filter(email__outgoing__queued_at__gte=at)
    if since.exclude(email__outgoing__state=Outgoing.State.CANCELLED).exists():
        raise DomainError(_("A letter has gone out since, so this cannot be undone. Take the next step instead."))


def _put_back(incident: Incident, event: IncidentEvent, by: User, at: datetime) -> IncidentEvent:
    fields = _assignee_back(incident, event) if event.kind == ASSIGNED else _status_back(incident, event)
    services.save(incident, at, *fields)
    kind = event.kind if event.kind == ASSIGNED else kind_of_step(_status(event, "to"), incident.status)
    facts = {"from": event.data["to"], "to": event.data["from"], "undoes": event.pk}
    if kind == "error":
        facts["reason"] = incident.error_reason
    return events.record(incident, kind, actor=by, at=at, **facts)


def _status(event: IncidentEvent, side: str) -> Status:
    return Status.objects.get(pk=event.data[side])


def _assignee_back(incident: Incident, event: IncidentEvent) -> list[str]:
    before = get_user_model()._default_manager.filter(pk=event.data["from"]).first()
    if not incident.is_open:
        raise DomainError(_("%(code)s is closed. Reopen it first.") % {"code": incident.code})
    if before and not (before.is_active and before.has_perm("incidents.work_incident")):
        raise DomainError(_("%(name)s cannot work incidents.") % {"name": before.full_name})
    incident.assignee = before
    return ["assignee"]


def _status_back(incident: Incident, event: IncidentEvent) -> list[str]:
    """The status before, with the marks on the clocks that this very step has made taken off again."""
    before = _status(event, "from")
    if before.status_class == StatusClass.SENDING:
        # Going back there would send its letter a second time.
        raise DomainError(_("“%(status)s” sends a letter, so nobody goes back there.") % {"status": before.name})
    incident.status = before
    incident.error_reason = _last(event, "error", "reason") if before.is_error else ""
    closed = incident.events.filter(kind="closed", pk__lt=event.pk).order_by("-id").first()
    is_end = before.status_class == StatusClass.END
    incident.closed_at = closed.at if is_end and closed else event.at if is_end else None
    if incident.handed_over_at == event.at:
        incident.handed_over_at = incident.contractor_due_at = None
    if incident.contractor_done_at == event.at:
        incident.contractor_done_at = None
    passed = incident.events.filter(kind="ball_passed", pk__gt=event.pk, at=event.at).first()
    if passed and incident.ball_since == event.at:
        incident.ball, incident.ball_since = passed.data["from"], None
    clocks = ["handed_over_at", "contractor_due_at", "contractor_done_at", "ball", "ball_since"]
    return ["status", "error_reason", "closed_at", *clocks]


def _last(event: IncidentEvent, kind: str, name: str) -> str:
    before = IncidentEvent.objects.filter(incident=event.incident_id, kind=kind, pk__lt=event.pk)
    last = before.order_by("-id").first()
    return str(last.data.get(name, "")) if last else ""
