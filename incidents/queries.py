"""What can be asked about incidents. Time is always an argument."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, Q

if TYPE_CHECKING:
    from dispatchers.models import User
    from incidents.models import Incident  # noqa: F401 - the parameter of the queryset, named in a string

# Less than an hour left counts as "at risk" until a policy says otherwise.
AT_RISK = timedelta(hours=1)


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
        return self.open().filter(due_at__lt=now)

    def at_risk(self, now: datetime) -> Self:
        """Open, not yet overdue, less than an hour left."""
        return self.open().filter(due_at__gte=now, due_at__lt=now + AT_RISK)

    def for_rows(self) -> Self:
        """Everything a row of a list shows, in one query."""
        return self.select_related("status", "type", "assignee", "pole", "base_station", "operator", "contractor")

    def queue_counts(self, person: User, now: datetime) -> dict[str, int]:
        """How many open incidents stand in each queue of the desk; one pass over the open ones."""
        return self.open().aggregate(
            mine=Count("id", filter=Q(assignee=person)),
            new=Count("id", filter=Q(status__status_class="start")),
            unassigned=Count("id", filter=Q(assignee=None)),
            no_site=Count("id", filter=Q(pole=None)),
            at_risk=Count("id", filter=Q(due_at__gte=now, due_at__lt=now + AT_RISK)),
            overdue=Count("id", filter=Q(due_at__lt=now)),
            waiting=Count("id", filter=Q(status__status_class="paused")),
            open=Count("id"),
        )

    def open_by_person(self) -> dict[int, int]:
        """How many open incidents each person has; people without any are left out."""
        rows = self.open().exclude(assignee=None).order_by().values_list("assignee").annotate(Count("id"))
        return dict(rows)
