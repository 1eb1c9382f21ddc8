"""Jobs as lists: what waits in the order it is done, what is done or was not, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import pgettext

from incidents.paging import Cursor
from tracker_bridge import named, reasons
from tracker_bridge.models import IssueLink, Job
from tracker_bridge.reasons import Reason

SIZE = 50
MOST_TEXT = 100
State, Kind = Job.State, Job.Kind


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The choices of one address; what an address says wrongly counts as not said."""

    state: Job.State
    kind: str = ""
    # Code of an incident, or key of an issue.
    text: str = ""

    @classmethod
    def read(cls, address: Mapping[str, str], state: Job.State) -> JobFilter:
        kind = address.get("kind", "")
        text = "".join(address.get("q", "").replace("\0", "").split())[:MOST_TEXT]
        return cls(state, kind if kind in Kind.values else "", text)

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on."""
        said = QueryDict(mutable=True)
        for name, value in {"kind": self.kind, "q": self.text}.items():
            if value:
                said[name] = value
        return said

    def rows(self, backend: str) -> QuerySet[Job]:
        found = Job.objects.filter(backend=backend, state=self.state)
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.text:
            found = found.filter(incident__in=named.incidents(backend, self.text))
        return found


# How a job looks: class, icon, words.
Face = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A job with what the page says of it."""

    job: Job
    link: IssueLink | None
    reason: Reason | None
    face: Face

    @property
    def day(self) -> date | None:
        """The desk's day on which it ended."""
        return timezone.localdate(self.job.ended_at) if self.job.ended_at else None

    @property
    def is_free(self) -> bool:
        """A person may still do something about it."""
        return self.job.state == State.DEAD or (self.job.state == State.WAITING and self.face[0] != "is-work")

    @property
    def wants_new_issue(self) -> bool:
        return self.job.state == State.DEAD and self.job.error in reasons.WANTS_NEW_ISSUE and self.link is not None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    after: Cursor | None = None


def page(filters: JobFilter, backend: str, now: datetime, after: Cursor | None = None) -> Page:
    """The page behind the cursor, or the first one; two queries."""
    name, falling = ("not_before", False) if filters.state == State.WAITING else ("ended_at", True)
    rows = filters.rows(backend)
    if after and after.moment:
        side = "lt" if falling else "gt"
        # The first condition says nothing new: it lets the index start at the cursor.
        rows = rows.filter(**{f"{name}__{side}e": after.moment})
        rows = rows.filter(Q(**{f"{name}__{side}": after.moment}) | Q(**{f"pk__{side}": after.pk}))
    sign = "-" if falling else ""
    related = ("incident", "email", "comment__author", "settled_by")
    found = list(rows.order_by(f"{sign}{name}", f"{sign}pk").select_related(*related)[: SIZE + 1])
    shown, last = found[:SIZE], found[SIZE - 1] if len(found) > SIZE else None
    moment: datetime | None = getattr(last, name) if last else None
    return Page(_with_links(backend, shown, now), Cursor(moment, last.pk) if last else None)


def _with_links(backend: str, found: list[Job], now: datetime) -> list[Row]:
    links = IssueLink.objects.filter(
        backend=backend, incident__in={each.incident_id for each in found}, is_left_behind=False
    )
    by_incident = {link.incident_id: link for link in links}
    return [Row(each, by_incident.get(each.incident_id), reasons.of(each), _face(each, now)) for each in found]


def _face(job: Job, now: datetime) -> Face:
    if job.state == State.DEAD:
        return "is-over", "alert-octagon", pgettext("job of the mirror", "not done")
    if job.state == State.DONE:
        return "is-done", "circle-check", pgettext("job of the mirror", "told")
    if job.state == State.SKIPPED:
        # Nobody: a later one has told it.
        words = (
            pgettext("job of the mirror", "skipped") if job.settled_by else pgettext("job of the mirror", "told later")
        )
        return "is-new", "check", words
    if job.leased_until and job.leased_until >= now:
        return "is-work", "progress", pgettext("job of the mirror", "being told")
    if job.attempts:
        return "is-wait", "hourglass", pgettext("job of the mirror", "tried again")
    return "is-new", "clock", pgettext("job of the mirror", "waits its turn")
