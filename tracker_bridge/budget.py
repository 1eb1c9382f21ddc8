"""What one issue takes in its life: so many changes, so many comments."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from tracker_bridge.models import IssueLink

# Of Yandex Tracker, and of the tracker in memory; others know no limit.
LIMITED = ("yandex", "memory")
MOST_WRITES, MOST_COMMENTS = 10_100, 1_000
# From nine tenths on; the index issue_near_limit has the same numbers.
MANY_WRITES, MANY_COMMENTS = 9_090, 900
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Nearing:
    """An issue of which little is left, in per cent."""

    link: IssueLink

    @property
    def writes(self) -> int:
        return min(100, self.link.writes * 100 // MOST_WRITES)

    @property
    def comments(self) -> int:
        return min(100, self.link.comment_count * 100 // MOST_COMMENTS)


def nearing(backend: str) -> list[Nearing]:
    """Issues that come near a limit, those that people still work on first; one query."""
    rows = _near(backend).order_by(F("incident__closed_at").desc(nulls_first=True), "pk").select_related("incident")
    return [Nearing(link) for link in rows[:SHOWN]]


def nearly_full(backend: str) -> int:
    """How many issues of open incidents come near a limit."""
    return _near(backend).filter(incident__closed_at=None).count()


def _near(backend: str) -> QuerySet[IssueLink]:
    if backend not in LIMITED:
        return IssueLink.objects.none()
    near = Q(writes__gte=MANY_WRITES) | Q(comment_count__gte=MANY_COMMENTS)
    return IssueLink.objects.filter(near, backend=backend, is_left_behind=False)
