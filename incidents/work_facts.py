"""What the card shows of work on an incident, in a number of queries that does not depend on how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils.functional import Promise as Lazy

from incidents import promises, reminders, watching, work, work_words
from incidents.clocks import ClockFace
from incidents.models import ChecklistItem, ChecklistMark, Incident, IncidentTag, Promise, Reminder, Tag, WorkPeriod

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_PROMISES = 30
SETTLED_SHOWN = 3
MOST_PERIODS = 12
# Words offered while a tag is typed.
MOST_OFFERED = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work with the time it is running since, if it is."""

    value: str
    short: str | Lazy
    name: str | Lazy
    running: WorkPeriod | None


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the checklist, with who ticked it."""

    item: ChecklistItem
    mark: ChecklistMark | None


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """What one person sees of the work on an incident."""

    balls: Sequence[tuple[str, str | Lazy]]
    # Waited for, the next one first, each with its clock.
    promises: Sequence[tuple[Promise, ClockFace]]
    settled: Sequence[Promise]
    # The person's own.
    reminders: Sequence[Reminder]
    kinds: Sequence[Kind]
    ended: Sequence[WorkPeriod]
    tags: Sequence[Tag]
    offered: Sequence[Tag]
    watchers: Sequence[User]
    is_watched: bool
    # Others did something here since this person, who watches, looked.
    has_news: bool
    steps: Sequence[Step]

    @property
    def done(self) -> int:
        return sum(step.mark is not None for step in self.steps)


def load(incident: Incident, person: User, now: datetime) -> WorkFacts:
    """Seven queries."""
    given = list(promises.of(incident).order_by("-due_at", "-pk")[:MOST_PROMISES])
    waiting = [each for each in reversed(given) if not each.kept_at and not each.cancelled_at]
    periods = list(incident.work_periods.order_by("-started_at", "-pk")[:MOST_PERIODS])
    running = {each.kind: each for each in periods if not each.ended_at}
    here = IncidentTag.objects.filter(incident=incident, tag=OuterRef("pk"))
    tags = list(Tag.objects.annotate(is_on=Exists(here)).order_by("-is_on", "name")[:MOST_OFFERED])
    watches = list(incident.watches.select_related("person").order_by("pk"))
    mine = next((each for each in watches if each.person_id == person.pk), None)
    marks = {each.item_id: each for each in incident.checklist_marks.select_related("person")}
    return WorkFacts(
        balls=[(str(value), work_words.BALLS[value]) for value in Incident.Ball],
        promises=[(each, promises.clock(each, now)) for each in waiting],
        settled=[each for each in given if each.kept_at or each.cancelled_at][:SETTLED_SHOWN],
        reminders=list(reminders.of_person(person).filter(incident=incident).select_related(None)),
        kinds=[
            Kind(kind.value, work_words.SHORT_KINDS[kind], work_words.LONG_KINDS[kind], running.get(kind.value))
            for kind in WorkPeriod.Kind
        ],
        ended=[each for each in periods if each.ended_at],
        tags=[each for each in tags if each.is_on],
        offered=[each for each in tags if not each.is_on],
        watchers=[each.person for each in watches],
        is_watched=mine is not None,
        has_news=mine is not None and watching.has_news(incident, mine),
        steps=[Step(item, marks.get(item.pk)) for item in work.checklist(incident)],
    )
