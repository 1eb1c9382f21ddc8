"""A new incident by phone: three fields, what is perhaps the same beside them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.web import Request
from incidents import by_phone, similar
from incidents.errors import DomainError
from incidents.models import Incident, IncidentType
from incidents.new_forms import LONGEST_SITE, NewIncidentForm, offer_sites
from incidents.views.card import works_incidents

FIELDS = ("who", "subject", "site", "type")
SHORTEST = 2


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
def new(request: Request) -> HttpResponse:
    """The form, filled from the address if it says something; then a new incident, or a note in the one named."""
    if request.method != "POST":
        return _page(request, NewIncidentForm(initial={name: request.GET.get(name, "") for name in FIELDS}))
    form = NewIncidentForm(request.POST)
    into = request.POST.get("into", "").replace("\0", "")
    is_valid = form.is_valid()
    # Where the call is noted, the site is known.
    if into and "subject" in form.cleaned_data:
        return _note(request, form, into)
    if not is_valid:
        return _page(request, form, refused=True)
    data = form.cleaned_data
    incident = by_phone.register(
        data["subject"], data["who"], data["site"], data["type"], by=request.user, at=timezone.now()
    )
    messages.success(request, _("%(code)s is registered.") % {"code": incident.code})
    return redirect(incident)


@require_safe
@works_incidents
def sites(request: Request) -> HttpResponse:
    """Options for what is typed of a pole's code or address or of a station's name."""
    typed = request.GET.get("site", "").strip()[:LONGEST_SITE]
    found = offer_sites(typed) if len(typed) >= SHORTEST else []
    return render(request, "incidents/new_sites.html", {"sites": found, "typed": len(typed) >= SHORTEST})


@require_safe
@works_incidents
def likely(request: Request) -> HttpResponse:
    """What is perhaps the same as the incident that is being typed."""
    return render(request, "incidents/new_similar.html", _similar(NewIncidentForm(request.GET)))


def _note(request: Request, form: NewIncidentForm, into: str) -> HttpResponse:
    data = form.cleaned_data
    try:
        incident = Incident.objects.get(code=into).final
        by_phone.note_call(incident, data["subject"], data["who"], by=request.user, at=timezone.now())
    except (Incident.DoesNotExist, DomainError) as error:
        missing = _("There is no incident %(code)s.") % {"code": into}
        messages.error(request, error.user_message if isinstance(error, DomainError) else missing)
        return _page(request, form, refused=True)
    messages.success(request, _("The call is noted in %(code)s.") % {"code": incident.code})
    return redirect(incident)


def _page(request: Request, form: NewIncidentForm, *, refused: bool = False) -> HttpResponse:
    typed = form if form.is_bound else NewIncidentForm(form.initial)
    context = {"form": form, "types": IncidentType.objects.filter(is_active=True), **_similar(typed)}
    return render(request, "incidents/new.html", context, status=422 if refused else 200)


def _similar(form: NewIncidentForm) -> dict[str, Any]:
    form.is_valid()
    matter, now = form.matter(), timezone.now()
    return {"similar": similar.find(matter, now), "asked": bool(matter.pole or matter.email or matter.name), "now": now}
