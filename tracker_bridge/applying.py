"""What people changed over there, done to the incident by the same services that pages use.

Each change is one of ours afterwards: recorded, checked by the same rules, with the same reactions. Who made it is our
user of that login; without one it is Dispatch itself, and a note names the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from dispatchers.models import User
from incidents import lifecycle, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentType, Status, Transition
from tracker_bridge import people as known_people
from tracker_bridge import typed_sites, ways
from tracker_bridge.fields import STATUS
from tracker_bridge.protocol import Value
from tracker_bridge.statuses import Statuses


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that the incident does not take. `words` are told on both sides."""

    name: str
    words: str
    # The incident is to be shown as one with wrong data.
    is_error: bool = False


def take(
    incident: Incident,
    changes: Mapping[str, Value],
    *,
    backend: str,
    statuses: Statuses,
    people: Mapping[str, User | None],
    now: datetime,
) -> list[Refusal]:
    """Do the changes, sites before people and the status last; returns those that were refused.

    `people`: who of ours made each, by the field's name. Call it in a transaction that holds the incident.
    """
    refusals = []
    for name in ORDER:
        if name not in changes:
            continue
        try:
            with transaction.atomic():
                TAKEN[name](_Change(incident, changes[name], backend, statuses, people.get(name), now))
        except DomainError as error:
            refusals.append(Refusal(name, str(error), is_error=name in WRONG_DATA))
        incident.refresh_from_db()
    return refusals


@dataclass(frozen=True, slots=True)
class _Change:
    incident: Incident
    value: Value
    backend: str
    statuses: Statuses
    by: User | None
    now: datetime

    @property
    def text(self) -> str:
        return str(self.value or "").strip()


def _pole(change: _Change) -> None:
    if not change.text:
        services.link_asset(change.incident, pole=None, station=None, by=change.by, at=change.now)
        return
    pole = typed_sites.pole(change.text)
    services.link_asset(change.incident, pole=pole, station=None, by=change.by, at=change.now)


def _station(change: _Change) -> None:
    if not change.text:
        services.link_asset(change.incident, pole=change.incident.pole, station=None, by=change.by, at=change.now)
        return
    station = typed_sites.station(change.text, on=change.incident.pole)
    services.link_asset(change.incident, pole=station.pole, station=station, by=change.by, at=change.now)


def _type(change: _Change) -> None:
    found = None
    if change.text:
        known = {each.name_ru.lower(): each for each in IncidentType.objects.filter(is_active=True)}
        found = known.get(change.text.lower())
        if found is None:
            names = ", ".join(f"«{each.name_ru}»" for each in known.values())
            raise DomainError(_("Unknown type “%(type)s”. Known: %(names)s.") % {"type": change.text, "names": names})
    services.set_type(change.incident, found, by=change.by, at=change.now)


def _assignee(change: _Change) -> None:
    person = known_people.user(change.backend, change.text) if change.text else None
    if change.text and person is None:
        raise DomainError(_("Nobody here is %(login)s over there.") % {"login": change.text})
    services.assign(change.incident, to=person, by=change.by, at=change.now)


def _status(change: _Change) -> None:
    status = change.statuses.ours(change.text)
    if status is None:
        raise DomainError(_("There is no status %(key)s here.") % {"key": change.text})
    if not change.incident.is_open and change.incident.status_id != status.pk:
        reason = _("Reopened in the tracker.")
        services.reopen(change.incident, by=change.by, at=change.now, reason=reason)
        change.incident.refresh_from_db()
        if change.incident.status_id == status.pk:
            return
    been = list[str]()
    while change.incident.status_id != status.pk:
        step = _next_step(change, status, been)
        reason = _("Changed in the tracker.") if step.needs_reason else ""
        services.change_status(change.incident, step.to_status, by=change.by, at=change.now, reason=reason)
        change.incident.refresh_from_db()
        been.append(change.statuses.theirs(step.to_status))


def _next_step(change: _Change, status: Status, been: Sequence[str]) -> Transition:
    """The step to it, or the first one on the way: over there they may have taken several since the last look."""
    steps = {change.statuses.theirs(each.to_status): each for each in lifecycle.next_steps(change.incident)}
    if change.text not in steps:
        first = ways.first_step(steps, change.text, been, change.statuses)
        if first is not None:
            return steps[first]
    return lifecycle.require(change.incident, status)


# The site first, since a status may need it; the status last, since it may send letters.
ORDER = ("base_station", "pole", "type", "assignee", STATUS)
TAKEN: Mapping[str, Callable[[_Change], None]] = {
    "base_station": _station,
    "pole": _pole,
    "type": _type,
    "assignee": _assignee,
    STATUS: _status,
}
WRONG_DATA = frozenset({"base_station", "pole", "type"})
