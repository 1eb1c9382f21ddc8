"""What closing asks for: the type, the checklist, parts that are still open. Asked once on the spot, never forbidden.

What another incident holds back is another matter: incidents.blocking refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import blocking, lifecycle, services, work
from incidents.errors import DomainError
from incidents.models import ChecklistItem, Incident, IncidentLink, IncidentType, Status, StatusClass

if TYPE_CHECKING:
    from dispatchers.models import User


@dataclass(frozen=True, slots=True)
class Questions:
    """What is not known or not done yet of an incident that somebody wants to close."""

    to: Status
    reason: str
    needs_type: bool
    checklist: Sequence[ChecklistItem]
    # Open incidents that are parts of this one.
    parts: Sequence[Incident]

    def __str__(self) -> str:
        said = [_("no type is set")] if self.needs_type else []
        if self.checklist:
            names = ", ".join(item.name for item in self.checklist)
            said.append(_("the checklist is not finished (%(names)s)") % {"names": names})
        if self.parts:
            codes = ", ".join(part.code for part in self.parts)
            said.append(_("parts of it are still open (%(codes)s)") % {"codes": codes})
        return "; ".join(said)


def questions(incident: Incident, to: Status, reason: str = "") -> Questions | None:
    """What to ask before this step; None where there is nothing, or where the step does not close or is refused."""
    if to.status_class != StatusClass.END or not incident.is_open or not _is_possible(incident, to):
        return None
    asked = Questions(to, reason, incident.type_id is None, work.unfinished(incident), open_parts(incident))
    return asked if asked.needs_type or asked.checklist or asked.parts else None


def _is_possible(incident: Incident, to: Status) -> bool:
    steps = (step.to_status_id for step in lifecycle.next_steps(incident))
    return to.pk in steps and not blocking.blockers(incident)


def open_parts(incident: Incident) -> list[Incident]:
    links = incident.links_out.filter(kind=IncidentLink.Kind.PARENT, target__closed_at=None, target__merged_into=None)
    return [link.target for link in links.select_related("target").order_by("target")]


def require_finished(incident: Incident, to: Status) -> None:
    """For whoever closes many at once: raises DomainError where there is something to look at on the card."""
    asked = questions(incident, to)
    if asked and (asked.checklist or asked.parts):
        raise DomainError(_("Not closed: %(what)s. Close it on its card.") % {"what": asked})


@transaction.atomic
def step(
    incident: Incident,
    to: Status,
    *,
    by: User,
    at: datetime,
    reason: str = "",
    kind: IncidentType | None = None,
    done: Iterable[ChecklistItem] = (),
) -> Incident:
    """Take the step with the answers that were given beside it: all of it, or nothing."""
    if kind:
        services.set_type(incident, kind, by=by, at=at)
    for item in done:
        work.mark(incident, item, done=True, by=by, at=at)
    return services.change_status(incident, to, by=by, at=at, reason=reason)
