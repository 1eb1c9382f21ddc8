"""An incident that somebody reports by phone: registered with all that is known, or noted in one that is there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events, services
from incidents.models import Comment, Incident, IncidentType
from incidents.new_forms import Caller, Site
from towers import lookup

if TYPE_CHECKING:
    from dispatchers.models import User


@transaction.atomic
def register(
    subject: str, caller: Caller, site: Site | None, kind: IncidentType | None, *, by: User, at: datetime
) -> Incident:
    """A new incident with its caller, site and type, all or nothing."""
    # Who gets it, and its deadline, are decided when all of it is there.
    with events.reactions_at_the_end():
        incident = services.open_by_hand(
            subject, by=by, at=at, requester_email=caller.email, requester_name=caller.name
        )
        if site:
            operator = services.operator_of(site.station) or lookup.operator_of_sender(caller.email)
            incident = services.link_asset(
                incident, pole=site.pole, station=site.station, by=by, at=at, operator=operator
            )
        if kind:
            incident = services.set_type(incident, kind, by=by, at=at)
        # Registering is no work on it: the dispatcher's clock runs until somebody acts.
        Incident.objects.filter(pk=incident.pk).update(first_action_at=None)
        incident.first_action_at = None
    return incident


def note_call(incident: Incident, subject: str, caller: Caller, *, by: User, at: datetime) -> Comment:
    """Somebody called about what the desk knows already: a note says who and what."""
    who = " ".join(filter(None, (caller.name, caller.email)))
    said = _("Call from %(who)s: %(subject)s") if who else _("Call: %(subject)s")
    return services.add_comment(incident, said % {"who": who, "subject": subject}, by=by, at=at)
