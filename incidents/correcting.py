"""What the machine or a colleague got wrong, put right on the card: the subject, the operator, who reported it.

Pole and station are services.link_asset, the type is services.set_type: other facts follow from those.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import events, services
from incidents.models import Incident

if TYPE_CHECKING:
    from dispatchers.models import User
    from towers.models import Operator

CORRECTED = "corrected"


@transaction.atomic
def correct_subject(incident: Incident, to: str, *, by: User, at: datetime) -> Incident:
    """The words by which the desk knows it; the letters keep theirs."""
    incident = services.workable(incident)
    before, incident.subject = incident.subject, to
    return _changed(incident, "subject", before, to, by, at, "subject")


@transaction.atomic
def correct_operator(incident: Incident, to: Operator | None, *, by: User, at: datetime) -> Incident:
    """Whose failure it is; None: not known."""
    incident = services.workable(incident)
    before, incident.operator = incident.operator, to
    return _changed(incident, "operator", str(before or ""), str(to or ""), by, at, "operator")


@transaction.atomic
def correct_requester(incident: Incident, *, name: str, email: str, by: User, at: datetime) -> Incident:
    """Who reported it: letters about it go to this address."""
    incident = services.workable(incident)
    before = requester(incident)
    incident.requester_name, incident.requester_email = name, email
    return _changed(incident, "requester", before, requester(incident), by, at, "requester_name", "requester_email")


def requester(incident: Incident) -> str:
    """“Name <address>”, or what of it is known."""
    name, email = incident.requester_name, incident.requester_email
    return f"{name} <{email}>" if name and email else name or email


def _changed(incident: Incident, what: str, before: str, after: str, by: User, at: datetime, *fields: str) -> Incident:
    """Saying what stands there already records nothing."""
    if before != after:
        services.touch(incident, *fields, by=by, at=at)
        events.record(incident, CORRECTED, actor=by, at=at, what=what, **{"from": before, "to": after})
    return incident
