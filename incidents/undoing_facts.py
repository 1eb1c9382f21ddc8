"""Taking back a type, a priority or a link that was set in one click, as `undoing_steps` does with steps.

The fact is again what it was, by an event of the same kind that says with `undoes` which one it takes back; a link is
removed, which its timelines say anyway.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events, linking, services, why
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent
from incidents.occurrences import describe
from incidents.undoing_steps import WITHIN

if TYPE_CHECKING:
    from dispatchers.models import User

# The column that an event of this kind changed.
COLUMNS = {"type_set": "type_id", "priority_set": "priority"}
KINDS = frozenset({*COLUMNS, linking.LINKED})


def of_click(incident: Incident, by: User, at: datetime) -> IncidentEvent | None:
    """The fact that this person set in this moment, or the link he made."""
    return incident.events.filter(actor=by, at=at, kind__in=KINDS).order_by("id").last()


def undo(event: IncidentEvent, *, by: User, at: datetime) -> IncidentEvent:
    """Put back what this event changed.

    Raises DomainError when it is too old, was undone already, or somebody has changed the same fact since.
    """
    if event.kind not in KINDS or event.actor_id is None or at - event.at > WITHIN:
        raise DomainError(_("This can only be undone within 10 minutes."))
    return _unlink(event, by, at) if event.kind == linking.LINKED else _put_back(event, by, at)


def _unlink(event: IncidentEvent, by: User, at: datetime) -> IncidentEvent:
    """Removing a link has its own order of locks, since it writes both incidents."""
    removed = linking.unlink(event.incident, event.data["link"], by=by, at=at)
    if removed is None:
        raise DomainError(_("Somebody has undone this already."))
    return removed


@transaction.atomic
def _put_back(event: IncidentEvent, by: User, at: datetime) -> IncidentEvent:
    incident = services.workable(event.incident)
    _refuse_if_newer(incident, event)
    column = COLUMNS[event.kind]
    setattr(incident, column, event.data["from"])
    services.save(incident, at, column.removesuffix("_id"))
    facts = {"from": event.data["to"], "to": event.data["from"], "undoes": event.pk}
    return events.record(incident, event.kind, actor=by, at=at, **facts)


def _refuse_if_newer(incident: Incident, event: IncidentEvent) -> None:
    since = incident.events.filter(kind=event.kind, pk__gt=event.pk)
    newer = since.select_related("actor").order_by("-id").first()
    if newer is None:
        return
    if newer.data.get("undoes") == event.pk:
        raise DomainError(_("Somebody has undone this already."))
    said = _("%(change)s So this cannot be undone any more.")
    raise DomainError(said % {"change": why.change(describe([newer])[0])})
