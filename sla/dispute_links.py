"""Making, opening and revoking links by which a contractor checks one clock without an account.

The address is signed and names incident and clock; the row says whether it is still good, and what it shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from incidents import events, services
from incidents.errors import DomainError
from incidents.models import Incident
from sla import explaining, recomputing
from sla.models import DisputeLink

if TYPE_CHECKING:
    from dispatchers.models import User

LIVES = timedelta(days=30)
_signer = Signer(salt="sla.dispute")


@transaction.atomic
def make(incident: Incident, clock: str, *, by: User, at: datetime) -> DisputeLink:
    """A link to this clock as it stands now. Raises DomainError for one that has not started, or is ours alone."""
    if clock in explaining.OURS:
        raise DomainError(_("This clock is for the desk only."))
    services.locked(incident)
    (whole,) = recomputing.load([incident.pk])
    account = next((each for each in explaining.explain(whole, at) if each.clock == clock), None)
    if account is None:
        raise DomainError(_("This clock has not started, so there is nothing to check."))
    link = DisputeLink.objects.create(
        incident=incident, clock=clock, account=account.as_json(), at=at, by=by, until=at + LIVES
    )
    events.record(incident, "clock_link_made", actor=by, at=at, clock=clock, link=link.pk)
    return link


@transaction.atomic
def revoke(link: DisputeLink, *, by: User, at: datetime) -> DisputeLink:
    """It leads nowhere from now on; revoking it again changes nothing."""
    link = DisputeLink.objects.select_for_update().get(pk=link.pk)
    if link.revoked_at is None:
        link.revoked_at = at
        link.save(update_fields=["revoked_at"])
        events.record(link.incident, "clock_link_revoked", actor=by, at=at, clock=link.clock, link=link.pk)
    return link


def token(link: DisputeLink) -> str:
    """What stands in its address; always the same for the same link."""
    return _signer.sign_object({"link": link.pk, "incident": link.incident_id, "clock": link.clock})


def find(text: str) -> DisputeLink | None:
    """The link that a token names, ended or not; None for what we never signed."""
    try:
        told = _signer.unsign_object(text)
    except (BadSignature, ValueError):
        return None
    rows = DisputeLink.objects.select_related("incident__pole", "incident__contractor")
    return rows.filter(pk=told["link"], incident=told["incident"], clock=told["clock"]).first()


def is_good(link: DisputeLink, now: datetime) -> bool:
    return link.revoked_at is None and now < link.until


def note_opened(link: DisputeLink, now: datetime) -> None:
    """So that whoever made the link sees that it was used."""
    DisputeLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, opened_at=now)


def of(incident: Incident) -> list[DisputeLink]:
    """All of an incident, the newest first; their accounts are not loaded."""
    rows = DisputeLink.objects.filter(incident=incident).select_related("by").defer("account")
    return list(rows.order_by("-id"))
