"""Everything the incident card shows, in a number of queries that does not depend on how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Count, F, Q, Window
from django.utils import timezone

from incidents import fact_lines, lifecycle, timeline, why, work_facts, work_words
from incidents.fact_lines import FactLines
from incidents.models import Incident, IncidentType, StatusClass, Suggestion, Transition
from incidents.occurrences import Happened, describe
from incidents.timeline import Timeline
from incidents.why import Line
from incidents.work_facts import WorkFacts
from mailbox.parsing import strip_prefixes
from towers.models import BaseStation, Operator, Pole

if TYPE_CHECKING:
    from dispatchers.models import User

OTHER_INCIDENTS = 5
STATIONS = 12
CANDIDATES = 8
# A mail loop may begin a conversation with each letter.
MOST_THREADS = 12
# Of a letter that is named only.
LONG_TEXTS = ("text", "reply_text", "safe_html", "references", "to", "cc")


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
class Thread:
    """One conversation of an incident that gathers several."""

    number: int
    # IncidentEmail.thread
    pk: int
    subject: str
    letters: int


@dataclass(frozen=True, slots=True)
class Card:
    """One incident as one person sees it now."""

    incident: Incident
    now: datetime
    may_work: bool
    is_mine: bool
    timeline: Timeline
    facts: Facts
    # Where each of them comes from.
    lines: FactLines
    work: WorkFacts
    person_lines: Sequence[Line]
    # Empty for whoever may only look.
    steps: Sequence[Transition]
    people: Sequence[User]
    types: Sequence[IncidentType]
    operators: Sequence[Operator]
    # What the machine would like to be asked about letters here, and about letters elsewhere that name this incident.
    hints: Sequence[Suggestion]
    hints_elsewhere: Sequence[Suggestion]
    threads: Sequence[Thread]
    # The deed that merged this incident into another one.
    merge: Happened | None
    # Of letters by their kind, as the page has drawn them (templatetags.card.letter_menu).
    menus: dict[tuple[str, bool], str] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        return self.timeline.seen

    @property
    def priorities(self) -> Sequence[tuple[str, object]]:
        return list(work_words.PRIORITIES.items())

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


def load(
    incident: Incident,
    person: User,
    now: datetime,
    *,
    everything: bool = False,
    before: datetime | None = None,
    newest_first: bool = False,
) -> Card:
    """The card of an incident that `find` gave, with the page of the timeline from before a moment."""
    may_work = person.has_perm("incidents.work_incident")
    is_worked = may_work and not incident.merged_into_id
    zone = timezone.get_current_timezone()
    shown = timeline.load(incident, zone, everything=everything, before=before, newest_first=newest_first)
    happened = shown.happened
    given = why.latest(happened, "assigned")
    people = get_user_model()._default_manager
    hints, elsewhere = _hints(incident)
    return Card(
        incident=incident,
        now=now,
        may_work=may_work,
        is_mine=incident.assignee_id == person.pk,
        timeline=shown,
        facts=facts(incident, why.latest(happened, "site_linked")),
        lines=fact_lines.of(incident, happened),
        work=work_facts.load(incident, person, now),
        person_lines=why.person(given, people.in_bulk(why.ids_of_loads(given))) if incident.assignee else (),
        steps=_usual_first(incident, lifecycle.next_steps(incident)) if is_worked else (),
        people=list(people.assignable().order_by("last_name", "first_name", "username")) if is_worked else (),
        operators=list(Operator.objects.order_by("name")) if is_worked else (),
        types=list(IncidentType.objects.filter(is_active=True)) if is_worked else (),
        hints=hints,
        hints_elsewhere=elsewhere,
        threads=threads_of(incident, shown),
        merge=_merge(incident),
    )


def _hints(incident: Incident) -> tuple[list[Suggestion], list[Suggestion]]:
    """Suggestions that wait for a person, about letters here and elsewhere, with what their sentences name.

    Most incidents have none, and to look for their keys first costs a tenth of asking with all the joins.
    """
    here = Q(incident=incident) | Q(other=incident) | Q(other__merged_into=incident)
    rows = Suggestion.objects.filter(here, state=Suggestion.State.OPEN)
    keys = list(rows.values_list("pk", flat=True))
    named = ("incident__status", "incident__pole", "other__merged_into", "other__status", "other__pole", "email")
    found = Suggestion.objects.select_related(*named).defer(*(f"email__{name}" for name in LONG_TEXTS))
    hints = list(found.filter(pk__in=keys).order_by("pk")) if keys else []
    return (
        [each for each in hints if each.incident_id == incident.pk],
        [each for each in hints if each.incident_id != incident.pk],
    )


def threads_of(incident: Incident, shown: Timeline) -> list[Thread]:
    """The independent conversations of its letters, the earliest first; none where there is one only."""
    letters = [entry.letter for entry in shown.entries if entry.letter]
    if shown.is_whole and len({each.place.thread for each in letters}) < 2:
        return []
    size = Window(Count("pk"), partition_by=[F("thread")])
    # A thread is called by its smallest letter, so this is the order of time.
    first = incident.letters.annotate(size=size).order_by("thread", "email").distinct("thread")
    rows = list(first.values_list("thread", "email__subject", "size")[:MOST_THREADS])
    if len(rows) < 2:
        return []
    return [Thread(number, pk, strip_prefixes(subject), size) for number, (pk, subject, size) in enumerate(rows, 1)]


def _merge(incident: Incident) -> Happened | None:
    if not incident.merged_into_id:
        return None
    event = incident.events.filter(Q(kind="merged") | Q(kind="undone", data__what="split_off")).order_by("-id").first()
    return describe([event])[0] if event else None


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
        shown = same_pole.select_related("status").only("code", "subject", "opened_at", "status")
        others = list(shown.order_by("-opened_at")[:OTHER_INCIDENTS])
    elif reading.get("problem"):
        codes = reading.get("candidates", ())[:CANDIDATES]
        poles = sorted(Pole.objects.standing().filter(code__in=codes), key=lambda pole: codes.index(pole.code))
        named = {pk for each in reading.get("evidence", ()) if each["kind"] == "station" for pk in each["ids"]}
        rows = BaseStation.objects.filter(pk__in=named, gone_at=None).select_related("pole")
        candidates = list(rows.prefetch_related("operators").order_by("name", "id")[:CANDIDATES])
    return Facts(stations, others, why.site(reading, placed), poles, candidates)
