"""The line of a card, asked for by itself while something is on its way."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from config.web import Request
from incidents.models import Incident
from tracker_bridge import card_line, mirrors


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def line(request: Request, code: str) -> HttpResponse:
    """For everybody who may see the card."""
    if mirrors.configured() is None:
        raise Http404
    incident = get_object_or_404(Incident.objects.select_related("status"), code=code)
    context = {"line": card_line.of(incident), "code": code}
    return render(request, "tracker_bridge/_card_line.html", context)
