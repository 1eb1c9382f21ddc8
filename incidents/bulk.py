"""One deed on many incidents: each in a transaction of its own, and every refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from incidents import closing, linking, notice_doors, services, timeline, undoing_facts, undoing_steps, why
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, IncidentType, Status
from incidents.occurrences import STEPS, describe
from incidents.queries import IncidentQuerySet

if TYPE_CHECKING:
    from dispatchers.models import User

# As many as somebody can have looked at; the request ends within seconds.
MOST = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row as the page showed it: the incident, and the newest of its events that the page knew."""

    code: str
    seen: int


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to each. Events of `kinds` by somebody else, newer than the page, refuse it."""

    do: Callable[[Incident, User, datetime], object]
    kinds: frozenset[str]
    # By one button for all of them, see `take_back`.
    can_be_undone: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """An incident that stayed as it was, and why. No incident: nothing has this code."""

    code: str
    reason: str
    incident: Incident | None = None


@dataclass(slots=True)
class Result:
    """What became of the chosen ones, in their order."""

    done: list[Incident] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.done]


def with_seen(rows: IncidentQuerySet) -> IncidentQuerySet:
    """Rows with `seen`, the id of the incident's newest event: a form says with it what its page knew."""
    newest = IncidentEvent.objects.filter(incident=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return rows.annotate(seen=Coalesce(Subquery(newest), 0))


def assign(to: User | None) -> Deed:
    return Deed(lambda incident, by, at: services.assign(incident, to=to, by=by, at=at), frozenset({"assigned"}), True)


def change_status(to: Status, reason: str) -> Deed:
    def do(incident: Incident, by: User, at: datetime) -> None:
        if to.is_error and reason and incident.is_open:
            # The reason must stand on the card until it is put right, not only in the timeline.
            services.raise_error(incident, reason=reason, by=by, at=at)
        else:
            closing.require_finished(incident, to)
            notice_doors.require_certain(to, incident, at)
            services.change_status(incident, to, by=by, at=at, reason=reason)

    return Deed(do, STEPS, True)


def set_type(to: IncidentType) -> Deed:
    kinds = frozenset({"type_set"})
    return Deed(lambda incident, by, at: services.set_type(incident, to, by=by, at=at), kinds, True)


def set_priority(to: Incident.Priority) -> Deed:
    kinds = frozenset({"priority_set"})
    return Deed(lambda incident, by, at: services.set_priority(incident, to, by=by, at=at), kinds, True)


def link(side: str, other: Incident) -> Deed:
    """Say that each is `side` ("related", "duplicate") of the other one; that one itself is refused."""
    return Deed(lambda incident, by, at: linking.link(incident, side, other, by=by, at=at), frozenset(), True)


def mark_read() -> Deed:
    return Deed(_mark_read, frozenset())


def _mark_read(incident: Incident, by: User, at: datetime) -> None:
    if incident.has_news and incident.assignee and incident.assignee != by:
        said = _("%(name)s works on it: only the assignee marks its letters as read.")
        raise DomainError(said % {"name": incident.assignee.full_name})
    services.mark_read(incident)


def carry_out(chosen: Sequence[Chosen], deed: Deed, *, by: User, at: datetime) -> Result:
    """Do it to each. What one refuses, or what fails, does not touch the others."""
    known = {each.code: each for each in Incident.objects.filter(code__in=[each.code for each in chosen])}
    result = Result()
    for each in chosen:
        incident = known.get(each.code)
        if incident is None:
            result.refused.append(Refusal(each.code, _("There is no incident %(code)s.") % {"code": each.code}))
            continue
        try:
            result.done.append(_one(incident, each.seen, deed, by, at))
        except DomainError as error:
            result.refused.append(Refusal(each.code, error.user_message, incident))
    return result


def take_back(codes: Sequence[str], done_at: datetime, *, by: User, at: datetime) -> Result:
    """Undo for all what this person did to them in that moment. What somebody has changed since stays, and is named."""
    known = {each.code: each for each in Incident.objects.filter(code__in=codes)}
    result = Result()
    for incident in (known[code] for code in codes if code in known):
        try:
            _take_back(incident, done_at, by, at)
            result.done.append(incident)
        except DomainError as error:
            result.refused.append(Refusal(incident.code, error.user_message, incident))
    return result


def _take_back(incident: Incident, done_at: datetime, by: User, at: datetime) -> None:
    steps = undoing_steps.of_click(incident, by, done_at)
    fact = None if steps else undoing_facts.of_click(incident, by, done_at)
    if steps:
        undoing_steps.undo(steps[-1], by=by, at=at)
    elif fact:
        undoing_facts.undo(fact, by=by, at=at)
    else:
        raise DomainError(_("There is nothing to undo here."))


def _one(incident: Incident, seen: int, deed: Deed, by: User, at: datetime) -> Incident:
    if deed.kinds:
        with transaction.atomic():
            # Locked before it is judged: nobody comes between the look and the deed.
            incident = services.locked(incident)
            _refuse_if_late(incident, seen, deed.kinds, by)
            deed.do(incident, by, at)
    else:
        # Such a deed has a transaction of its own, and its own order of locks.
        deed.do(incident, by, at)
    return incident


def _refuse_if_late(incident: Incident, seen: int, kinds: frozenset[str], by: User) -> None:
    """The same rule as on the card, in the same words."""
    event = timeline.newer(incident, seen, kinds, than_own=by.pk)
    for happened in describe([event] if event else []):
        said = _("Meanwhile: %(change)s Nothing was done; look and click again if it is still right.")
        raise DomainError(said % {"change": why.change(happened)})
