"""The rule at closing: what waits for another incident is not closed before it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from incidents.errors import DomainError
from incidents.models import Incident, IncidentLink


def blockers(incident: Incident) -> list[Incident]:
    """Open incidents that block this one; a merged one is asked where it lives on."""
    links = incident.links_in.filter(kind=IncidentLink.Kind.BLOCKS).select_related("source__merged_into")
    found = {link.source.final for link in links.order_by("pk")}
    return sorted((each for each in found if each.is_open and each.pk != incident.pk), key=lambda each: each.pk)


def require_free(incident: Incident) -> None:
    """Raises DomainError that names what has to be closed first."""
    codes = [each.code for each in blockers(incident)]
    if codes:
        said = _("%(code)s is blocked by %(others)s, still open. Close that first, or remove the link.")
        raise DomainError(said % {"code": incident.code, "others": ", ".join(codes)})
