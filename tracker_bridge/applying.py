"""What people changed over there, done to the incident by the same services that pages use.

Each change is one of ours afterwards: recorded, checked by the same rules, with the same reactions. Who made it is our
user of that login; without one it is Dispatch itself, and a note names the person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from dispatchers.models import User
from incidents import blocking, events, lifecycle, notice_doors, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentType, Status, StatusClass, Transition
from towers.models import Pole
from tracker_bridge import people as known_people
from tracker_bridge import typed_sites, ways, workflow
from tracker_bridge.fields import STATUS
from tracker_bridge.models import IssueLink
from tracker_bridge.protocol import Value
from tracker_bridge.statuses import Statuses


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that the incident does not take. `words` are told on both sides."""

    name: str
    words: str
    # The incident is to be shown as one with wrong data.
    is_error: bool = False


class _CannotBeSent(DomainError):
    """The letter of the wanted status lacks something."""


def take(
    incident: Incident,
    changes: Mapping[str, Value],
    *,
    backend: str,
    statuses: Statuses,
    people: Mapping[str, User | None],
    names: Mapping[str, str],
    now: datetime,
) -> list[Refusal]:
    """Do the changes, sites before people and the status last; returns those that were refused.

    Of several steps of the status those before the refused one stay: from there a way leads back over there, too.
    `people`: who of ours made each, by the field's name; `names`: what he is called, whoever he is. Call it in a
    transaction that holds the incident.
    """
    refusals = []
    # Everybody over there reads the words, whoever's process this is.
    with translation.override(settings.LANGUAGE_CODE):
        for name in ORDER:
            if name not in changes:
                continue
            try:
                with events.done_elsewhere(names.get(name, "")):
                    TAKEN[name](_Change(incident, name, changes, backend, statuses, people.get(name), now))
            except DomainError as error:
                is_error = name in WRONG_DATA or isinstance(error, _CannotBeSent)
                refusals.append(Refusal(name, str(error), is_error))
            incident.refresh_from_db()
    return refusals


def go_on(
    incident: Incident,
    link: IssueLink,
    taken: Collection[str],
    refusals: Sequence[Refusal],
    *,
    had_pole: bool,
    was_error: bool,
    by: User | None,
    now: datetime,
) -> Incident:
    """Keep what is wrong over there; once all of it is put right, the incident goes on into work.

    `had_pole`, `was_error`: before the changes. A site that no letter told is put right by whoever types it; what
    somebody of ours has put right is not wrong any more. The caller saves the link.
    """
    refused = {each.name: each.words for each in refusals if each.name in WRONG_DATA}
    right = set(taken) - {each.name for each in refusals}
    before = link.wrong if was_error else {}
    if right & SITE and incident.pole_id:
        right |= SITE
    link.wrong = {name: words for name, words in before.items() if name not in right} | refused
    if any(each.is_error for each in refusals) or not incident.is_open:
        return incident
    if link.wrong and link.wrong != before:
        # A pole that is put right is not all; what was said before is no longer true.
        return services.raise_error(incident, reason=" ".join(link.wrong.values()), by=None, at=now)
    if link.wrong or not incident.status.is_error:
        return incident
    if before or (not had_pole and incident.pole_id and right & SITE):
        step = lifecycle.first_active_step(incident)
        return services.change_status(incident, step, by=by, at=now) if step else incident
    return incident


@dataclass(frozen=True, slots=True)
class _Change:
    incident: Incident
    name: str
    changes: Mapping[str, Value]
    backend: str
    statuses: Statuses
    by: User | None
    now: datetime

    @property
    def text(self) -> str:
        return self.typed(self.name)

    def typed(self, name: str) -> str:
        return str(self.changes.get(name) or "").strip()


def _station(change: _Change) -> None:
    """A station brings its pole; one that does not stand on the pole typed beside it is refused."""
    incident = change.incident
    if not change.text:
        services.link_asset(incident, pole=incident.pole, station=None, by=change.by, at=change.now)
        return
    beside = typed_sites.pole(change.typed("pole")) if change.typed("pole") else None
    station = typed_sites.station(change.text, on=beside or incident.pole)
    services.link_asset(incident, pole=beside or station.pole, station=station, by=change.by, at=change.now)


def _pole(change: _Change) -> None:
    """A pole brings its contractor, and lets go of a station that stands elsewhere."""
    pole: Pole | None = typed_sites.pole(change.text) if change.text else None
    station = change.incident.base_station
    if station and (pole is None or station.pole_id != pole.pk):
        station = None
    services.link_asset(change.incident, pole=pole, station=station, by=change.by, at=change.now)


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
        _require_open_door(change, step.to_status)
        reason = _("Changed in the tracker.") if step.needs_reason else ""
        services.change_status(change.incident, step.to_status, by=change.by, at=change.now, reason=reason)
        change.incident.refresh_from_db()
        been.append(change.statuses.theirs(step.to_status))


def _next_step(change: _Change, status: Status, been: Sequence[str]) -> Transition:
    """The step to it, or the first one on the way: over there they may have taken several since the last look."""
    steps = {change.statuses.theirs(each.to_status): each for each in lifecycle.next_steps(change.incident)}
    here = change.statuses.theirs(change.incident.status)
    # A step that leads there and is not to be had now is refused where it begins; no other way is looked for.
    if change.text not in steps and (here, change.text) not in workflow.steps(change.statuses):
        first = ways.first_step(steps, change.text, been, change.statuses)
        if first is not None:
            return steps[first]
    return lifecycle.require(change.incident, status)


def _require_open_door(change: _Change, status: Status) -> None:
    """The same is asked whoever it was over there; nobody is at hand to insist."""
    if status.status_class == StatusClass.END:
        blocking.require_free(change.incident)
    try:
        notice_doors.require(status, change.incident, change.now)
        notice_doors.require_certain(status, change.incident, change.now)
    except DomainError as error:
        raise _CannotBeSent(error.user_message) from None


# The site first, since a status may need it; the status last, since it may send letters.
ORDER = ("base_station", "pole", "type", "assignee", STATUS)
TAKEN: Mapping[str, Callable[[_Change], None]] = {
    "base_station": _station,
    "pole": _pole,
    "type": _type,
    "assignee": _assignee,
    STATUS: _status,
}
SITE = frozenset({"base_station", "pole"})
WRONG_DATA = SITE | {"type"}
