"""Letters arrive in incidents, many in one go: the writers behind intake. The number of queries does not grow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events, lifecycle, rows
from incidents.codes import next_codes
from incidents.events import Draft
from incidents.models import Incident, IncidentEmail

if TYPE_CHECKING:
    from mailbox.models import Email
    from towers.models import BaseStation, Operator, Pole


@dataclass(frozen=True, slots=True)
class Opening:
    """A letter that opens an incident, with what was read in it."""

    email: Email
    at: datetime
    reading: Mapping[str, Any] = field(default_factory=dict)
    operator: Operator | None = None
    pole: Pole | None = None
    station: BaseStation | None = None
    # Why the site could not be chosen: the incident starts in the error status.
    error: str = ""
    # From before the mailbox was connected: stored closed, given to nobody.
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class Joining:
    """A letter that joins an incident. `is_quiet`: without the unread mark and without moving the row up."""

    incident_id: int
    email: Email
    way: str
    at: datetime
    thread: int | None = None
    is_newcomer: bool = False
    is_quiet: bool = False
    # A letter of history says nothing about what a closed incident needs now.
    is_history: bool = False


@transaction.atomic
def open_many(openings: Sequence[Opening]) -> list[Incident]:
    """A new incident for each of these letters, in this order."""
    if not openings:
        return []
    statuses = {"start": lifecycle.start_status(), "error": lifecycle.error_status(), "end": lifecycle.end_status()}
    incidents = [
        Incident(
            code=code,
            subject=each.email.subject or _("(no subject)"),
            registration=Incident.Registration.MAIL,
            requester_email=each.email.from_email,
            requester_name=each.email.from_name[:320],
            status=statuses["end" if each.is_history else "error" if each.error else "start"],
            error_reason="" if each.is_history else each.error,
            operator=each.operator,
            pole=each.pole,
            base_station=each.station,
            contractor_id=each.pole.contractor_id if each.pole else None,
            reading=dict(each.reading),
            opened_at=each.at,
            active_at=each.at,
            closed_at=each.at if each.is_history else None,
            letter_count=1,
            has_news=not each.is_history and each.email.direction == each.email.Direction.IN,
        )
        for code, each in zip(next_codes(len(openings)), openings, strict=True)
    ]
    Incident.objects.bulk_create(incidents)
    IncidentEmail.objects.bulk_create(
        IncidentEmail(incident=incident, email=each.email, way=IncidentEmail.Way.OPENED, thread=each.email.pk)
        for incident, each in zip(incidents, openings, strict=True)
    )
    events.record_many(
        [
            draft
            for incident, each in zip(incidents, openings, strict=True)
            for draft in _opening_events(incident, each, statuses["start"].pk)
        ]
    )
    return incidents


def _opening_events(incident: Incident, opening: Opening, start: int) -> list[Draft]:
    at = opening.at
    drafts = [Draft(incident, "imported" if opening.is_history else "opened", at, {"email": opening.email.pk})]
    if opening.pole:
        station = opening.station.pk if opening.station else None
        before = {"pole": None, "station": None}
        site = {"before": before, "pole": opening.pole.pk, "station": station}
        drafts.append(Draft(incident, "site_linked", at, site))
    if incident.error_reason:
        step = {"from": start, "to": incident.status_id, "reason": incident.error_reason}
        drafts.append(Draft(incident, "error", at, step))
    return drafts


@transaction.atomic
def attach_many(joinings: Sequence[Joining]) -> dict[int, Incident]:
    """Put letters that have no incident into these conversations; returns the fresh incidents by id."""
    if not joinings:
        return {}
    incidents = _locked({each.incident_id for each in joinings})
    IncidentEmail.objects.bulk_create(
        IncidentEmail(
            incident=incidents[each.incident_id],
            email=each.email,
            way=each.way,
            thread=each.thread or each.email.pk,
            is_newcomer=each.is_newcomer,
        )
        for each in joinings
    )
    drafts = [draft for each in joinings for draft in _attach(incidents[each.incident_id], each)]
    changed = ("letter_count", "has_news", "letters_since_closing", "opened_at", "active_at", "version")
    rows.write(list({incident.pk: incident for incident in incidents.values()}.values()), *changed)
    events.record_many(drafts)
    return incidents


def _locked(pks: Collection[int]) -> dict[int, Incident]:
    """These incidents, locked; in place of one that was merged while we waited for it, the one it leads to."""

    def lock(some: Collection[int]) -> dict[int, Incident]:
        # In one order everywhere, so that two who attach to the same incidents wait instead of deadlocking.
        return {row.pk: row for row in Incident.objects.select_for_update().filter(pk__in=some).order_by("pk")}

    incidents = lock(pks)
    led = {pk: incident.final.pk for pk, incident in incidents.items() if incident.merged_into_id}
    if led:
        incidents |= lock(set(led.values()) - incidents.keys())
    return incidents | {pk: incidents[to] for pk, to in led.items()}


def _attach(incident: Incident, joining: Joining) -> list[Draft]:
    """Change the locked incident in memory; returns what happened."""
    email, at = joining.email, joining.at
    incoming = email.direction == email.Direction.IN
    incident.letter_count += 1
    incident.version += 1
    if not joining.is_quiet:
        incident.has_news = incident.has_news or incoming
        incident.active_at = max(incident.active_at, at)
    if not incident.is_open and incoming and email.kind == email.Kind.HUMAN and not joining.is_history:
        incident.letters_since_closing += 1
    drafts = []
    if joining.way != IncidentEmail.Way.OPENED:
        drafts.append(Draft(incident, "letter", at, {"email": email.pk, "way": str(joining.way)}))
    if incoming and email.received_at < incident.opened_at and incident.registration == Incident.Registration.MAIL:
        # An answer overtook the letter it answers: the clock starts at the first of them.
        incident.opened_at = email.received_at
        drafts.append(Draft(incident, "opened_earlier", at, {"email": email.pk}))
    return drafts


@transaction.atomic
def open_from_email(email: Email, *, at: datetime, reading: dict[str, Any], operator: Operator | None) -> Incident:
    """A new incident that this letter opened. The site is linked by link_asset afterwards."""
    return open_many([Opening(email, at, reading, operator)])[0]


@transaction.atomic
def attach_email(incident: Incident, email: Email, *, way: str, at: datetime, thread: int | None = None) -> Incident:
    """Put a letter into the incident's conversation. A letter that is in already stays where it is."""
    Incident.objects.select_for_update().get(pk=incident.pk)
    # Two who attach one letter to two incidents meet at the letter itself.
    type(email).objects.select_for_update().get(pk=email.pk)
    place = IncidentEmail.objects.select_related("incident").filter(email=email).first()
    if place:
        return place.incident
    return attach_many([Joining(incident.pk, email, way, at, thread)])[incident.pk]
