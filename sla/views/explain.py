"""The reckoning of an incident's clocks: all of them on a page to print, one of them beside the card."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents.errors import DomainError
from incidents.models import Incident
from sla import dispute_links, explaining
from sla.dispute_shown import Shown
from sla.explaining_strip import strip
from sla.explaining_words import Explained, say, waiting
from sla.models import DisputeLink

sees_incidents = permission_required("incidents.view_incident", raise_exception=True)
works_incidents = permission_required("incidents.work_incident", raise_exception=True)


@require_safe
@sees_incidents
def clocks(request: Request, code: str) -> HttpResponse:
    """Every clock of the incident that has started."""
    incident = _find(code)
    now = timezone.now()
    accounts = explaining.explain(incident, now)
    told = [(each, strip(each.account)) for each in say(accounts, with_people=True)]
    links = Shown.all_of(incident, request, now)
    context = {"incident": incident, "now": now, "clocks": told, "links": links}
    return render(request, "sla/explain.html", context)


@require_safe
@sees_incidents
def clock(request: Request, code: str, clock: str) -> HttpResponse:
    """One clock, as a part of another page."""
    return _one(request, _find(code), clock)


@require_POST
@works_incidents
def make_link(request: Request, code: str, clock: str) -> HttpResponse:
    """A link for whoever doubts the clock. Without JavaScript back to the page, which lists it."""
    incident, now = _find(code), timezone.now()
    try:
        link = dispute_links.make(incident, clock, by=request.user, at=now)
    except DomainError as error:
        return _one(request, incident, clock, error=str(error), status=422)
    if not request.htmx:
        return redirect("sla:clocks", code)
    return _one(request, incident, clock, made=Shown.of(link, request, now))


@require_POST
@works_incidents
def revoke_link(request: Request, code: str, pk: int) -> HttpResponse:
    link = get_object_or_404(DisputeLink, pk=pk, incident__code=code)
    dispute_links.revoke(link, by=request.user, at=timezone.now())
    return redirect("sla:clocks", code)


def _one(request: Request, incident: Incident, clock: str, *, status: int = 200, **more: Any) -> HttpResponse:
    now = timezone.now()
    accounts = [each for each in explaining.explain(incident, now) if each.clock == clock]
    told: Explained | None = say(accounts, with_people=True)[0] if accounts else None
    context: dict[str, Any] = {"incident": incident, "now": now, "clock": told, **more}
    if told:
        context["strip"] = strip(told.account)
    else:
        context["waiting"] = waiting(incident, clock)
        if context["waiting"] is None:
            raise Http404(_("There is no such clock."))
    return render(request, "sla/explain_part.html", context, status=status)


def _find(code: str) -> Incident:
    return get_object_or_404(Incident.objects.for_rows(), code=code)
