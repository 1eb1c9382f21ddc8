"""What can be asked about incidents. Time is always an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Case, Count, ExpressionWrapper, Q, Value, When

if TYPE_CHECKING:
    from dispatchers.models import User
    from incidents.models import Incident  # noqa: F401 - the parameter of the queryset, named in a string

# What the desk calls "at risk", the same for every incident, so that the queue has one meaning and one index. Rules say
# when somebody is warned, several times a clock and from minutes to days before: that is no state of an incident.
AT_RISK = timedelta(hours=1)
# Columns that the cells of the desk draw (incidents.cells).
SHOWN_OF_ROW = (
    "code", "subject", "requester_email", "requester_name", "status", "type", "assignee", "pole__code",
    "pole__region_ru", "pole__address", "base_station__name", "contractor", "operator", "priority", "ball",
    "ball_since", "power_back_at", "opened_at", "due_at", "clock_left", "closed_at", "active_at", "has_news",
    "letter_count",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """So many open incidents that are alike in all that is counted."""

    assignee: int | None
    status_class: str
    has_no_site: bool
    due: str
    number: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many open incidents stand where."""

    groups: tuple[Group, ...]

    def by_queue(self, person: User) -> dict[str, int]:
        """How many stand in each queue of the desk as this person sees it; the closed ones are not counted."""
        return {
            "mine": self._sum(lambda group: group.assignee == person.pk),
            "new": self._sum(lambda group: group.status_class == "start"),
            "unassigned": self._sum(lambda group: group.assignee is None),
            "no_site": self._sum(lambda group: group.has_no_site),
            "at_risk": self._sum(lambda group: group.due == "at_risk"),
            "overdue": self._sum(lambda group: group.due == "overdue"),
            "waiting": self._sum(lambda group: group.status_class == "paused"),
            "open": self._sum(lambda group: True),
        }

    def of(self, person: User) -> int:
        return self._sum(lambda group: group.assignee == person.pk)

    def _sum(self, belongs: Callable[[Group], bool]) -> int:
        return sum(group.number for group in self.groups if belongs(group))


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def closed(self) -> Self:
        return self.filter(closed_at__isnull=False)

    def of(self, person: User | None) -> Self:
        """Of this person; of nobody for None."""
        return self.filter(assignee=person)

    def new(self) -> Self:
        return self.filter(status__status_class="start")

    def waiting(self) -> Self:
        return self.filter(status__status_class="paused")

    def without_site(self) -> Self:
        return self.filter(pole=None)

    def overdue(self, now: datetime) -> Self:
        """Open and past the deadline; one that was past it before its clock was made to stand still stays so."""
        return self.open().filter(due_at__lt=now)

    def at_risk(self, now: datetime) -> Self:
        """Open, not yet overdue, less than an hour left; one whose clock stands still is not."""
        return self.open().filter(due_at__gte=now, due_at__lt=now + AT_RISK)

    def for_rows(self) -> Self:
        """Everything a row of a list shows, in one query."""
        return self.select_related("status", "type", "assignee", "pole", "base_station", "operator", "contractor")

    def for_list(self) -> Self:
        """What a row of the desk shows and no more; incidents.naming adds what the page knows already."""
        return self.select_related("pole", "base_station").only(*SHOWN_OF_ROW)

    def tally(self, now: datetime) -> Tally:
        """The open ones counted by all that the desk's counters ask for; one pass over them."""
        due = Case(
            When(due_at__lt=now, then=Value("overdue")),
            When(due_at__lt=now + AT_RISK, then=Value("at_risk")),
            default=Value(""),
        )
        has_no_site = ExpressionWrapper(Q(pole=None), output_field=models.BooleanField())
        groups = self.open().order_by().values_list("assignee", "status__status_class", has_no_site, due)
        return Tally(tuple(Group(*row) for row in groups.annotate(number=Count("pk"))))

    def open_by_person(self) -> dict[int, int]:
        """How many open incidents each person has; people without any are left out."""
        rows = self.open().exclude(assignee=None).order_by().values_list("assignee").annotate(Count("id"))
        return dict(rows)
