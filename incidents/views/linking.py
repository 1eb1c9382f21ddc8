"""Links of an incident, made and removed on its card."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents import linking
from incidents.errors import DomainError
from incidents.linking_forms import LinkForm, UnlinkForm
from incidents.models import Incident, IncidentEvent
from incidents.moving_forms import OfIncidentForm
from incidents.views.card import _answer as answer
from incidents.views.card import _find as find
from incidents.views.card import works_incidents


@require_POST
@works_incidents
def link(request: Request, code: str) -> HttpResponse:
    """This incident is `side` of the incident that `to` means."""
    incident, now = find(code), timezone.now()
    form = LinkForm(request.POST, incident=incident, now=now)

    def deed() -> IncidentEvent | None:
        data = form.cleaned_data
        return linking.link(incident, data["side"], data["to"], by=request.user, at=now)

    return _do(request, incident, form, deed, _("These two are already linked that way."))


@require_POST
@works_incidents
def unlink(request: Request, code: str) -> HttpResponse:
    incident, now = find(code), timezone.now()
    form = UnlinkForm(request.POST, incident=incident, now=now)

    def deed() -> IncidentEvent | None:
        return linking.unlink(incident, form.cleaned_data["link"], by=request.user, at=now)

    return _do(request, incident, form, deed, _("Somebody has removed this link already."))


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def likely(request: Request, code: str) -> HttpResponse:
    """What is perhaps the same, for the pane of the desk."""
    incident = find(code)
    return render(request, "incidents/desk_similar.html", {"incident": incident, "now": timezone.now()})


def _do(
    request: Request, incident: Incident, form: OfIncidentForm, deed: Callable[[], IncidentEvent | None], nothing: str
) -> HttpResponse:
    """Do it, or say why not; a link can be made and removed on an old page as well, nobody's words are lost by it."""
    if not form.is_valid():
        messages.error(request, form.first_error())
        return answer(request, incident, refused=True)
    try:
        if deed() is None:
            messages.info(request, nothing)
    except DomainError as error:
        messages.error(request, error.user_message)
        return answer(request, incident, refused=True)
    return answer(request, incident)
