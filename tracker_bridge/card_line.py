"""The line of a card that says which issue the incident is over there, and whether all has been told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from incidents.models import Incident, Status
from tracker_bridge import field_words, mirrors, reasons, reconciling
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.statuses import Statuses

LINK = ("key", "url", "state", "said", "refused")
State = IssueLink.State
UNSETTLED = (Job.State.DEAD, Job.State.WAITING)


@dataclass(frozen=True, slots=True)
class Said:
    """How it looks and what it says; `why` stands below, `raw` is shown when the words are pointed at."""

    look: str
    icon: str
    words: str
    why: str = ""
    raw: str = ""
    # Something is on its way, so that the line is worth looking at again.
    is_moving: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """`key` is empty while there is no issue."""

    key: str
    url: str
    said: Said


def draw(incident: Incident) -> SafeString:
    """Nothing without a tracker, or for an incident that is not mirrored; one query otherwise."""
    line = of(incident)
    if line is None:
        return SafeString("")
    context = {"line": line, "code": incident.code, "has_name": True}
    return SafeString(render_to_string("tracker_bridge/_card_line.html", context))


def of(incident: Incident) -> Line | None:
    tracker = mirrors.configured()
    row = _row(tracker.backend, incident.pk) if tracker else None
    if row is None or not (row["key"] or row["job"]):
        return None
    key, url = row["key"] or "", row["url"] or ""
    return Line(key, url, _said(row, incident))


def _row(backend: str, incident: int) -> dict[str, Any] | None:
    job = Job.objects.filter(backend=backend, incident=OuterRef("pk"), state__in=UNSETTLED).order_by("state", "pk")
    facts = JSONObject(state="state", error="error", said="said", attempts="attempts")
    mirror = Mirror.objects.filter(backend=backend)
    ours = Q(issue_links__backend=backend, issue_links__is_left_behind=False)
    found = Incident.objects.filter(pk=incident).annotate(
        link=FilteredRelation("issue_links", condition=ours), **{name: F(f"link__{name}") for name in LINK}
    )
    row: dict[str, Any] | None = found.values(
        *LINK, job=Subquery(job.values(row=facts)[:1]), mirror=Subquery(mirror.values("state")[:1])
    ).first()
    return row


def _said(row: dict[str, Any], incident: Incident) -> Said:
    """The worst of what there is to say."""
    job = row["job"] or {}
    if job.get("state") == Job.State.DEAD:
        words = pgettext("issue of an incident", "not all was told")
        return Said("is-over", "alert-octagon", words, _why(job), job["said"])
    if row["state"] in (State.MISSING, State.LEFT, State.FROZEN):
        return Said("is-risk", "alert-triangle", str(State(row["state"]).label), raw=row["said"] or "")
    if job:
        return _waiting(job, row["mirror"])
    if row["refused"]:
        words = pgettext("issue of an incident", "not all was taken")
        return Said("is-risk", "alert-triangle", words, _refused(row["refused"], incident.status))
    return Said("is-done", "circle-check", pgettext("issue of an incident", "mirrored"))


def _waiting(job: dict[str, Any], mirror: str) -> Said:
    if mirror != Mirror.State.RUNNING:
        words, why = pgettext("issue of an incident", "waits"), _("The mirror: %(state)s.")
        state = Mirror.State(mirror).label
        return Said("is-wait", "player-pause", words, why % {"state": state}, is_moving=True)
    if job["attempts"] > 1 and job["error"]:
        words = pgettext("issue of an incident", "tried again")
        return Said("is-wait", "hourglass", words, _why(job), job["said"], is_moving=True)
    return Said("is-work", "progress", pgettext("issue of an incident", "being told"), is_moving=True)


def _why(job: dict[str, Any]) -> str:
    return str(reasons.REASONS.get(job["error"], reasons.UNKNOWN).what)


def _refused(refused: dict[str, Any], status: Status) -> str:
    if "status" not in refused:
        names = ", ".join(f"“{field_words.name(name)}”" for name in refused)
        return _("The tracker does not take: %(names)s") % {"names": names}
    # Nearly always that of the incident, so that its name need not be asked for.
    key = str(refused["status"])
    known = Statuses(reconciling.renamed()).theirs(status) == key
    return _("The tracker allows no step to “%(status)s”") % {"status": status.name if known else key}
