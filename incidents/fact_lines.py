"""Where each fact of the card comes from, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from incidents import work_words
from incidents.correcting import CORRECTED
from incidents.models import Incident
from incidents.occurrences import Happened


@dataclass(frozen=True, slots=True)
class FactLines:
    """Empty where a fact is not known, or nobody knows whence."""

    type: str
    priority: str
    subject: str
    operator: str
    requester: str
    contractor: str
    opened: str


def of(incident: Incident, happened: Sequence[Happened]) -> FactLines:
    """From what happened, the oldest first, and from how the incident came; one query."""
    by_mail = incident.registration == Incident.Registration.MAIL
    return FactLines(
        type=_who(_last(happened, "type_set"), incident) if incident.type_id else "",
        priority=_who(_last(happened, "priority_set"), incident),
        subject=_corrected(happened, "subject", incident),
        operator=_corrected(happened, "operator", incident) or _operator(incident, by_mail=by_mail),
        requester=_corrected(happened, "requester", incident)
        or (_("wrote the first letter") if by_mail else _("reported it by phone")),
        contractor=_contractor(incident),
        opened=_("the moment of the first letter") if by_mail else _("the moment of registration"),
    )


def _operator(incident: Incident, *, by_mail: bool) -> str:
    if incident.operator_id is None:
        return ""
    station = incident.base_station
    if station and any(each.pk == incident.operator_id for each in station.operators.all()):
        return _("stands at %(station)s") % {"station": station.name}
    return _("by the address of the first letter") if by_mail else ""


def _contractor(incident: Incident) -> str:
    if incident.contractor_id is None or incident.pole is None:
        return ""
    if incident.pole.contractor_id == incident.contractor_id:
        return _("named for this pole by the registry")
    return _("named by the registry when the pole was set; another one is named now")


def _last(happened: Sequence[Happened], kind: str, what: str = "") -> Happened | None:
    fitting = (each for each in reversed(happened) if each.kind == kind and (not what or each.what == what))
    return next(fitting, None)


def _corrected(happened: Sequence[Happened], what: str, incident: Incident) -> str:
    return _who(_last(happened, CORRECTED, what), incident)


def _who(deed: Happened | None, incident: Incident) -> str:
    if deed is None:
        return ""
    who = deed.event.actor.full_name if deed.event.actor else _("Dispatch")
    return _("%(who)s, %(at)s") % {"who": who, "at": work_words.moment(deed.event.at, incident.active_at)}
