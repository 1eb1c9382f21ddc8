"""Working side by side: who is here, words kept while they are typed, and taking back a slip."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import drafts, undoing_steps
from incidents import presence as here
from incidents.errors import DomainError
from incidents.models import Draft, Incident
from incidents.reply_forms import kept_of
from incidents.views.card import _answer as answer
from incidents.views.card import _find as find
from incidents.views.card import works_incidents

LONGEST_DRAFT = 20_000


@require_POST
@permission_required("incidents.view_incident", raise_exception=True)
def presence(request: Request, code: str) -> HttpResponse:
    """An open page says that somebody looks (`typing`, `leaving`), and is told who else does."""
    incident, now = _named(code), timezone.now()
    if "leaving" in request.POST:
        here.leave(incident, request.user)
        return HttpResponse(status=204)
    here.beat(incident, request.user, typing="typing" in request.POST, now=now)
    present = here.others(incident, request.user, now)
    return render(request, "incidents/_presence.html", {"present": present})


@require_POST
@works_incidents
def draft(request: Request, code: str) -> HttpResponse:
    """Keep the words as they stand now; none, and the draft goes."""
    text, field = request.POST.get("text", "").replace("\0", ""), request.POST.get("field", drafts.NOTE)
    if len(text) > LONGEST_DRAFT or field not in Draft.Field.values:
        return HttpResponseBadRequest()
    form = kept_of(request.POST) if field == Draft.Field.LETTER and "kind" in request.POST else None
    drafts.keep(_named(code), request.user, text, at=timezone.now(), field=field, form=form)
    return HttpResponse(status=204)


@require_POST
@works_incidents
def take_back(request: Request, code: str, event: int) -> HttpResponse:
    """Undo an assignment or a step of the status."""
    incident = find(code)
    found = get_object_or_404(incident.events.select_related("incident", "actor"), pk=event)
    try:
        undoing_steps.undo(found, by=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.user_message)
        return answer(request, incident, refused=True)
    messages.success(request, _("Undone."))
    return answer(request, incident)


def _named(code: str) -> Incident:
    """Nothing but the key: two hundred pages ask every few seconds."""
    return get_object_or_404(Incident.objects.only("pk", "code"), code=code)
