"""The jobs of the mirror: what waits, what is done, what was not; and what administrators do about the latter."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents.paging import Cursor
from tracker_bridge import health, job_deeds, job_list, numbers
from tracker_bridge.job_deeds import Deed, Done
from tracker_bridge.job_list import JobFilter
from tracker_bridge.models import Job, Mirror
from tracker_bridge.rights import ACTS
from tracker_bridge.views.doors import may_act, may_look

State = Job.State
_KEY = re.compile(r"[0-9]{1,18}")
_DEEDS: dict[str, Deed] = {
    "again": job_deeds.again,
    "skip": job_deeds.skip,
    "elsewhere": job_deeds.go_on_elsewhere,
}
# State, its list's name, look and icon.
_TABS = (
    (State.WAITING, pgettext_lazy("jobs", "Waiting"), "is-work", "hourglass"),
    (State.DONE, pgettext_lazy("jobs", "Done"), "is-done", "circle-check"),
    (State.SKIPPED, pgettext_lazy("jobs", "Skipped"), "is-new", "x"),
)
KINDS = {
    Job.Kind.STATE: gettext_lazy("Fields and status"),
    Job.Kind.LETTER: gettext_lazy("Letters"),
    Job.Kind.NOTE: gettext_lazy("Notes"),
}


@require_safe
@may_look
def jobs(request: Request, mirror: Mirror) -> HttpResponse:
    """What waits; with `state` what is done or skipped."""
    wanted = request.GET.get("state", "")
    state = State(wanted) if wanted in (State.DONE, State.SKIPPED) else State.WAITING
    return _list(request, mirror, state)


@require_safe
@may_look
def dead(request: Request, mirror: Mirror) -> HttpResponse:
    """What was not done, and is not tried again by itself."""
    return _list(request, mirror, State.DEAD)


def _list(request: Request, mirror: Mirror, state: State) -> HttpResponse:
    filters = JobFilter.read(request.GET, state)
    after, now = Cursor.parse(request.GET.get("after", "")), timezone.now()
    context = {
        "now": now,
        "standing": health.of(mirror, now),
        "state": state,
        "tabs": _TABS,
        "kinds": KINDS,
        "kind_name": KINDS.get(Job.Kind(filters.kind)) if filters.kind else "",
        "filters": filters,
        "kept": filters.address,
        "after": after,
        "page": job_list.page(filters, mirror.backend, now, after),
        "waiting": numbers.waiting(mirror.backend).number,
        "dead": numbers.dead(mirror.backend),
        "may_act": request.user.has_perm(ACTS),
        "here": reverse("tracker_bridge:dead" if state == State.DEAD else "tracker_bridge:jobs"),
    }
    return render(request, "tracker_bridge/jobs.html", context)


@require_POST
@may_act
def act(request: Request, mirror: Mirror) -> HttpResponse:
    """`one=again:17` does it to one job, `do=again` to those that are chosen, with `all=1` to all of the list."""
    name, colon, key = request.POST.get("one", "").partition(":")
    chosen = [key] if colon else request.POST.getlist("job")
    name = name if colon else request.POST.get("do", "")
    keys = {int(each) for each in chosen if _KEY.fullmatch(each)}
    if request.POST.get("all") and not colon:
        rows = JobFilter.read(request.POST, State.DEAD).rows(mirror.backend).order_by("-ended_at", "-pk")
        keys = set(rows.values_list("pk", flat=True)[: job_deeds.MOST_AT_ONCE])
    if name in _DEEDS and keys:
        done = job_deeds.many(_DEEDS[name], mirror.backend, keys, by=request.user, now=timezone.now())
        _say(request, name, done)
    return _back(request)


def _say(request: Request, name: str, done: Done) -> None:
    n = done.number
    said = {
        "again": ngettext("%(n)d job is tried again now.", "%(n)d jobs are tried again now.", n),
        "skip": ngettext("%(n)d job is skipped.", "%(n)d jobs are skipped.", n),
        "elsewhere": ngettext("%(n)d incident goes on in a new issue.", "%(n)d incidents go on in new issues.", n),
    }[name]
    if n:
        messages.success(request, said % {"n": n})
    if done.left:
        left = ngettext(
            "%(n)d job was left alone: it has moved on.", "%(n)d jobs were left alone: they have moved on.", done.left
        )
        messages.warning(request, left % {"n": done.left})


def _back(request: Request) -> HttpResponse:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if is_ours else reverse("tracker_bridge:dead"))
