"""What managers are told of a week: how deadlines were kept, who kept them worst, what is late, which rules changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone, translation

from incidents import clocks as faces
from incidents.models import Incident
from sla import rule_differences
from sla.dashboard_links import Links
from sla.figures import asking
from sla.figures.answers import Compliance, Row
from sla.figures.chosen import CONTRACTOR, NONE, REGION, Chosen
from sla.models import PolicyVersion
from sla.rule_differences import Difference

WEEK = timedelta(days=7)
WORST, OVERDUE, CHANGES = 5, 20, 10


@dataclass(frozen=True, slots=True)
class Late:
    """One contractor or region that was late: how often, and where the list of these is."""

    row: Row
    url: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """An open incident past its deadline. `late`: for how long, in words."""

    incident: Incident
    late: str
    url: str


@dataclass(frozen=True, slots=True)
class Change:
    """A version of the rules, and what it says otherwise than the one before it."""

    version: PolicyVersion
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the desk's calendar against the one before. Without the desk's address there are no links."""

    first: date
    now: Compliance
    before: Compliance
    contractors: Sequence[Late]
    regions: Sequence[Late]
    overdue: Sequence[Overdue]
    changes: Sequence[Change]
    url: str

    @property
    def last(self) -> date:
        return self.first + WEEK - timedelta(days=1)

    @property
    def number(self) -> int:
        return self.first.isocalendar().week

    @property
    def change(self) -> float | None:
        """Points of the share against the week before."""
        if self.now.share is None or self.before.share is None:
            return None
        return self.now.share - self.before.share

    @property
    def more_overdue(self) -> int:
        """Late ones beyond those that are named."""
        return max(0, self.now.open_overdue - len(self.overdue))

    @property
    def is_empty(self) -> bool:
        """Nothing came, nothing ended, nothing is open."""
        return not (self.now.arrived or self.now.ended or self.now.open)


def last_whole(now: datetime) -> date:
    """The Monday of the last week that is over, by the desk's calendar."""
    today = timezone.localdate(now)
    return today - timedelta(days=today.weekday()) - WEEK


def of(first: date, now: datetime) -> Week:
    """The week from this Monday on, in the language of letters. What is open is as of `now`."""
    with translation.override("ru"):
        return _of(first, now)


def _of(first: date, now: datetime) -> Week:
    chosen = Chosen(first, first + WEEK - timedelta(days=1))
    links = Links(chosen.since, chosen.until, QueryDict())
    return Week(
        first=first,
        now=asking.compliance(chosen, now),
        before=asking.compliance(chosen.before(), now),
        contractors=_worst(CONTRACTOR, chosen, links, now),
        regions=_worst(REGION, chosen, links, now),
        overdue=_overdue(now),
        changes=_changes(first),
        url=_at(f"{reverse('sla:dashboard')}?from={chosen.since}&to={chosen.until}"),
    )


def _worst(dimension: str, chosen: Chosen, links: Links, now: datetime) -> list[Late]:
    """Those with the worst share; who was never late is not named."""
    late = [row for row in asking.by(dimension, chosen, now) if row.late and row.key != NONE]
    return [Late(row, _at(links.late(dimension, row.key))) for row in late[:WORST]]


def _overdue(now: datetime) -> list[Overdue]:
    """The longest late first."""
    rows = Incident.objects.overdue(now).select_related("type", "pole", "contractor", "assignee")
    return [
        Overdue(row, faces.span(now - row.due_at) if row.due_at else "", _at(row.get_absolute_url()))
        for row in rows.order_by("due_at", "pk")[:OVERDUE]
    ]


def _changes(first: date) -> list[Change]:
    """The newest of the week last; the version that was shipped changed nothing."""
    begin, end = (timezone.make_aware(datetime.combine(day, datetime.min.time())) for day in (first, first + WEEK))
    made = list(PolicyVersion.objects.filter(at__gte=begin, at__lt=end).select_related("by").order_by("number"))[
        -CHANGES:
    ]
    if not made:
        return []
    before = PolicyVersion.objects.filter(number__lt=made[0].number).order_by("-number").first()
    changes = []
    for version in made:
        if before:
            changes.append(Change(version, rule_differences.between(before.document, version.document)))
        before = version
    return changes


def _at(path: str) -> str:
    """The whole address of a page of the desk."""
    return settings.DESK_URL.rstrip("/") + path if settings.DESK_URL else ""
