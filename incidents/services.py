"""The only writers of incidents. Each locks the row, checks, changes, records one event, returns the fresh row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from incidents import blocking, events, lifecycle, notice_doors, rows
from incidents.arrivals import attach_email as attach_email
from incidents.arrivals import open_from_email as open_from_email
from incidents.codes import next_code
from incidents.errors import DomainError
from incidents.models import (
    Comment,
    Incident,
    IncidentEvent,
    IncidentType,
    Status,
    StatusClass,
)

if TYPE_CHECKING:
    from dispatchers.models import User
    from towers.models import BaseStation, Operator, Pole

# Columns that `sla` writes: when time is over, and what is left of it while a clock stands still.
DEADLINES = ("due_at", "clock_left", "contractor_due_at", "contractor_clock_left", "first_action_due_at")


def locked(incident: Incident) -> Incident:
    """The fresh row, locked to the end of the transaction."""
    # No joins here: when a joined key changes while we wait for the lock, PostgreSQL drops the row from the answer.
    return Incident.objects.select_for_update().get(pk=incident.pk)


def workable(incident: Incident) -> Incident:
    """The fresh row, locked. Raises DomainError for a merged one: its matter goes on elsewhere."""
    incident = locked(incident)
    if incident.merged_into_id:
        said = _("%(code)s was merged into %(into)s. Go on there.")
        raise DomainError(said % {"code": incident.code, "into": incident.final.code})
    return incident


def save(incident: Incident, at: datetime, *fields: str) -> None:
    """Write these fields of a locked incident, with its new version and the moment of the change."""
    incident.version += 1
    incident.active_at = max(incident.active_at, at)
    incident.save(update_fields=[*fields, "version", "active_at"])


def _first_action(incident: Incident, by: User | None, at: datetime) -> list[str]:
    """A person's first deed stops the dispatcher's clock; what the desk does by itself does not."""
    if by is None or incident.first_action_at:
        return []
    incident.first_action_at = at
    return ["first_action_at"]


def touch(incident: Incident, *fields: str, by: User | None, at: datetime) -> None:
    """Write these fields of a locked incident after somebody did something on it; the first deed stops a clock."""
    save(incident, at, *fields, *_first_action(incident, by, at))


@transaction.atomic
def open_by_hand(
    subject: str, *, by: User | None, at: datetime, requester_email: str = "", requester_name: str = ""
) -> Incident:
    """A new incident that somebody reported by phone, or wrote into another tracker."""
    incident = Incident.objects.create(
        code=next_code(),
        subject=subject,
        registration=Incident.Registration.MANUAL,
        requester_email=requester_email,
        requester_name=requester_name,
        status=lifecycle.start_status(),
        opened_at=at,
        active_at=at,
    )
    events.record(incident, "opened", actor=by, at=at)
    return incident


@transaction.atomic
def assign(
    incident: Incident, *, to: User | None, by: User | None, at: datetime, why: dict[str, Any] | None = None
) -> Incident:
    """Give the incident to a person, or back to the common queue. Giving it to its owner records nothing."""
    incident = locked(incident)
    if incident.assignee_id == (to.pk if to else None):
        return incident
    if not incident.is_open:
        raise DomainError(_("%(code)s is closed. Reopen it first.") % {"code": incident.code})
    if to and (not to.is_active or not to.has_perm("incidents.work_incident")):
        raise DomainError(_("%(name)s cannot work incidents.") % {"name": to.full_name})
    before, incident.assignee = incident.assignee_id, to
    save(incident, at, "assignee", *_first_action(incident, by, at))
    events.record(
        incident,
        "assigned",
        actor=by,
        at=at,
        **{"from": before, "to": to.pk if to else None, "why": why or {}},
    )
    return incident


@transaction.atomic
def give(choices: Sequence[tuple[Incident, User, datetime, dict[str, Any]]]) -> None:
    """What the machine chose: (incident, person, moment, why), the rows locked by the chooser, all of them nobody's."""
    for incident, person, at, _why in choices:
        incident.assignee = person
        incident.version += 1
        incident.active_at = max(incident.active_at, at)
    rows.write([incident for incident, *_ in choices], "assignee_id", "active_at", "version")
    events.record_many(
        [
            events.Draft(incident, "assigned", at, {"from": None, "to": person.pk, "why": why})
            for incident, person, at, why in choices
        ]
    )


@transaction.atomic
def take(incident: Incident, *, by: User, at: datetime) -> Incident:
    """Take it oneself; a new incident goes into work at once."""
    incident = assign(incident, to=by, by=by, at=at)
    if incident.status.status_class != StatusClass.START:
        return incident
    step = lifecycle.first_active_step(incident)
    return change_status(incident, step, by=by, at=at) if step else incident


@transaction.atomic
def change_status(incident: Incident, to: Status, *, by: User | None, at: datetime, reason: str = "") -> Incident:
    """Take one allowed step. Asking for the status it has already is harmless and records nothing."""
    incident = locked(incident)
    if incident.status_id == to.pk:
        return incident
    step = lifecycle.require(incident, to)
    if step.needs_reason and not reason.strip():
        raise DomainError(_("Say why: “%(to)s” needs a reason.") % {"to": to.name})
    if by and to.status_class == StatusClass.END:
        blocking.require_free(incident)
    if by:
        notice_doors.require(to, incident, at)
    return _move(incident, to, by=by, at=at, reason=reason.strip())


def _move(incident: Incident, to: Status, *, by: User | None, at: datetime, reason: str) -> Incident:
    before = incident.status
    incident.status = to
    fields = ["status", *_first_action(incident, by, at)]
    if to.is_error or incident.error_reason:
        incident.error_reason = reason if to.is_error else ""
        fields.append("error_reason")
    if to.status_class == StatusClass.END:
        incident.closed_at, incident.letters_since_closing = at, 0
        fields += ["closed_at", "letters_since_closing"]
    elif not incident.is_open:
        incident.closed_at = None
        fields.append("closed_at")
    if to.hands_over and incident.handed_over_at is None:
        incident.handed_over_at = at
        fields.append("handed_over_at")
    if to.finishes_contractor and incident.handed_over_at and incident.contractor_done_at is None:
        incident.contractor_done_at = at
        fields.append("contractor_done_at")
    save(incident, at, *fields)
    events.record(
        incident,
        _kind_of_move(before, to),
        actor=by,
        at=at,
        **{"from": before.pk, "to": to.pk, "reason": reason},
    )
    return incident


def _kind_of_move(before: Status, to: Status) -> str:
    """The event's kind says what the step means, so that reactions can be listed by meaning."""
    if to.is_error:
        return "error"
    if to.status_class == StatusClass.END:
        return "closed"
    if before.status_class == StatusClass.END:
        return "reopened"
    if to.status_class == StatusClass.SENDING:
        return "sending"
    return "handed_over" if to.hands_over else "status_changed"


@transaction.atomic
def raise_error(incident: Incident, *, reason: str, by: User | None, at: datetime) -> Incident:
    """Status “Error” with what is wrong and what would be right; the reason replaces an earlier one."""
    incident = workable(incident)
    if incident.status.is_error:
        incident.error_reason = reason
        save(incident, at, "error_reason")
        events.record(incident, "error", actor=by, at=at, reason=reason)
        return incident
    return _move(incident, lifecycle.error_status(), by=by, at=at, reason=reason)


@transaction.atomic
def reopen(incident: Incident, *, by: User | None, at: datetime, reason: str) -> Incident:
    """Open a closed incident again; an open one stays as it is. Raises DomainError for a merged one."""
    incident = workable(incident)
    if incident.is_open:
        return incident
    back = next((step.to_status for step in lifecycle.next_steps(incident)), None) or lifecycle.start_status()
    return _move(incident, back, by=by, at=at, reason=reason)


@transaction.atomic
def set_type(incident: Incident, to: IncidentType | None, *, by: User | None, at: datetime) -> Incident:
    """Say what failed; the deadline follows by reaction."""
    incident = workable(incident)
    if incident.type_id == (to.pk if to else None):
        return incident
    before, incident.type = incident.type_id, to
    save(incident, at, "type", *_first_action(incident, by, at))
    events.record(incident, "type_set", actor=by, at=at, **{"from": before, "to": to.pk if to else None})
    incident.refresh_from_db()
    return incident


@transaction.atomic
def set_priority(incident: Incident, to: Incident.Priority, *, by: User | None, at: datetime) -> Incident:
    """Say how urgent it is; the rules for the clocks may ask for it."""
    incident = workable(incident)
    if incident.priority == to:
        return incident
    before, incident.priority = incident.priority, to
    save(incident, at, "priority", *_first_action(incident, by, at))
    events.record(incident, "priority_set", actor=by, at=at, **{"from": before, "to": str(to)})
    incident.refresh_from_db()
    return incident


@transaction.atomic
def link_asset(
    incident: Incident,
    *,
    pole: Pole | None,
    station: BaseStation | None,
    by: User | None,
    at: datetime,
    operator: Operator | None = None,
) -> Incident:
    """Say where it is. A station brings its pole, a pole its contractor; a station elsewhere is refused."""
    incident = workable(incident)
    if station and pole and station.pole_id != pole.pk:
        raise DomainError(
            _("Base station %(station)s stands on pole %(pole)s, not on %(given)s.")
            % {"station": station.name, "pole": station.pole.code, "given": pole.code}
        )
    pole = pole or (station.pole if station else None)
    unchanged = incident.pole_id == (pole.pk if pole else None) and incident.base_station_id == (
        station.pk if station else None
    )
    if unchanged:
        return incident
    before = {"pole": incident.pole_id, "station": incident.base_station_id}
    site_was_wrong = incident.status.is_error and incident.pole_id is None
    incident.pole, incident.base_station = pole, station
    incident.contractor = pole.contractor if pole else None
    incident.operator = operator or operator_of(station) or incident.operator
    fields = ["pole", "base_station", "contractor", "operator", *_first_action(incident, by, at)]
    save(incident, at, *fields)
    events.record(
        incident,
        "site_linked",
        actor=by,
        at=at,
        before=before,
        pole=pole.pk if pole else None,
        station=station.pk if station else None,
    )
    if site_was_wrong and pole and by:
        step = lifecycle.first_active_step(incident)
        return _move(incident, step, by=by, at=at, reason="") if step else incident
    return incident


def operator_of(station: BaseStation | None) -> Operator | None:
    """The station's operator where there is one only; a shared station does not say who wrote."""
    operators = list(station.operators.all()) if station else []
    return operators[0] if len(operators) == 1 else None


@transaction.atomic
def add_comment(incident: Incident, text: str, *, by: User | None, at: datetime) -> Comment:
    """A note of the desk. Empty text is refused."""
    text = text.strip()
    if not text:
        raise DomainError(_("The note is empty."))
    incident = workable(incident)
    comment = Comment.objects.create(incident=incident, author=by, text=text, at=at)
    save(incident, at, *_first_action(incident, by, at))
    events.record(incident, "comment", actor=by, at=at, comment=comment.pk)
    return comment


@transaction.atomic
def note_reading(incident: Incident, reading: dict[str, Any]) -> Incident:
    """Keep the reading of a later letter that says more about the site than the first one did."""
    incident = locked(incident)
    incident.reading = reading
    incident.save(update_fields=["reading"])
    return incident


@transaction.atomic
def note_power_back(incident: Incident, *, at: datetime) -> Incident:
    """The operator says that power is back; the dispatcher decides what follows."""
    incident = locked(incident)
    incident.power_back_at = at
    save(incident, at, "power_back_at")
    events.record(incident, "power_back", actor=None, at=at)
    return incident


@transaction.atomic
def mark_read(incident: Incident, *, up_to: int | None = None) -> None:
    """The unread mark goes; nothing else changes and no row jumps.

    `up_to`: the newest event the reader's page had shown. A letter that came after it stays unread.
    """
    newest = IncidentEvent.objects.filter(incident=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    read = Incident.objects.filter(pk=incident.pk, has_news=True)
    if up_to is not None:
        later = IncidentEvent.objects.filter(incident=incident, pk__gt=up_to, kind="letter")
        read = read.exclude(Exists(later))
    read.update(has_news=False, read_up_to=Subquery(newest) if up_to is None else up_to)


@transaction.atomic
def set_deadlines(incidents: Sequence[Incident]) -> None:
    """Write what the clocks say (DEADLINES), as it stands in memory. The events that caused it are recorded already."""
    rows.write(incidents, *DEADLINES)
