"""Everything the incident card shows, in a number of queries that does not depend on how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.utils import timezone

from incidents import lifecycle, timeline, why
from incidents.models import Incident, IncidentType, StatusClass, Transition
from incidents.occurrences import Happened
from incidents.timeline import Timeline
from incidents.why import Line
from towers.models import BaseStation, Pole

if TYPE_CHECKING:
    from dispatchers.models import User

OTHER_INCIDENTS = 5
STATIONS = 12
CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """The column beside the conversation; the desk's preview shows the same."""

    # Beside the incident's own.
    stations: Sequence[BaseStation]
    others: Sequence[Incident]
    site_lines: Sequence[Line]
    # Offered while no site is chosen.
    poles: Sequence[Pole]
    candidate_stations: Sequence[BaseStation]


@dataclass(frozen=True, slots=True)
class Card:
    """One incident as one person sees it now."""

    incident: Incident
    now: datetime
    may_work: bool
    is_mine: bool
    timeline: Timeline
    facts: Facts
    person_lines: Sequence[Line]
    # Empty for whoever may only look.
    steps: Sequence[Transition]
    people: Sequence[User]
    types: Sequence[IncidentType]

    @property
    def seen(self) -> int:
        return self.timeline.seen

    @property
    def take_first(self) -> bool:
        """The usual next click is to take it; otherwise it is the first step."""
        return self.incident.status.status_class == StatusClass.START and not self.is_mine

    @property
    def dispatcher_deadline(self) -> str:
        return why.dispatcher_deadline(self.incident)

    @property
    def incident_deadline(self) -> str:
        return why.incident_deadline(self.incident)

    @property
    def contractor_deadline(self) -> str:
        return why.contractor_deadline(self.incident)

    @property
    def read_summary(self) -> str:
        return why.summary(self.incident.reading)


def find(code: str) -> Incident:
    """The incident with everything its header shows. Raises Incident.DoesNotExist."""
    return Incident.objects.for_rows().get(code=code)


def load(incident: Incident, person: User, now: datetime, *, everything: bool = False) -> Card:
    """The card of an incident that `find` gave."""
    may_work = person.has_perm("incidents.work_incident")
    shown = timeline.load(incident, timezone.get_current_timezone(), everything=everything)
    happened = [each for entry in shown.entries for each in entry.happened]
    given = why.latest(happened, "assigned")
    people = get_user_model()._default_manager
    return Card(
        incident=incident,
        now=now,
        may_work=may_work,
        is_mine=incident.assignee_id == person.pk,
        timeline=shown,
        facts=facts(incident, why.latest(happened, "site_linked")),
        person_lines=why.person(given, people.in_bulk(why.ids_of_loads(given))) if incident.assignee else (),
        steps=_usual_first(incident, lifecycle.next_steps(incident)) if may_work else (),
        people=list(people.assignable().order_by("last_name", "first_name", "username")) if may_work else (),
        types=list(IncidentType.objects.filter(is_active=True)) if may_work else (),
    )


def _usual_first(incident: Incident, steps: list[Transition]) -> list[Transition]:
    """The workflow's order; but once the operator says that power is back, closing is what comes next."""
    if incident.power_back_at is None:
        return steps
    return sorted(steps, key=lambda step: step.to_status.status_class != StatusClass.END)


def facts(incident: Incident, placed: Happened | None) -> Facts:
    """What is known of the site, and what it might be while it is not known."""
    reading = incident.reading
    stations: list[BaseStation] = []
    others: list[Incident] = []
    poles: list[Pole] = []
    candidates: list[BaseStation] = []
    if incident.pole_id:
        standing = BaseStation.objects.filter(pole_id=incident.pole_id, gone_at=None).order_by("name")
        if incident.base_station_id:
            standing = standing.exclude(pk=incident.base_station_id)
        stations = list(standing.prefetch_related("operators")[:STATIONS])
        same_pole = Incident.objects.filter(pole_id=incident.pole_id).exclude(pk=incident.pk)
        others = list(same_pole.select_related("status").order_by("-opened_at")[:OTHER_INCIDENTS])
    elif reading.get("problem"):
        codes = reading.get("candidates", ())[:CANDIDATES]
        poles = sorted(Pole.objects.standing().filter(code__in=codes), key=lambda pole: codes.index(pole.code))
        named = {pk for each in reading.get("evidence", ()) if each["kind"] == "station" for pk in each["ids"]}
        rows = BaseStation.objects.filter(pk__in=named, gone_at=None).select_related("pole")
        candidates = list(rows.prefetch_related("operators").order_by("name", "id")[:CANDIDATES])
    return Facts(stations, others, why.site(reading, placed), poles, candidates)
