"""What happened on the incidents somebody watches: a page, the number beside the bell, messages on open pages."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents import watching
from incidents.models import IncidentEvent
from incidents.views.card import works_incidents

MOST_MESSAGES = 3
LONGEST_ID = 18

may_look = permission_required("incidents.view_incident", raise_exception=True)


@require_safe
@may_look
def news(request: Request) -> HttpResponse:
    """Watched incidents on which others did something since this person looked."""
    found = watching.news(request.user, before=_number(request.GET.get("before", "")) or None)
    next_page = found[-1].newest.pk if len(found) == watching.MOST else None
    return render(request, "incidents/watching.html", {"news": found, "next": next_page, "now": timezone.now()})


@require_safe
@may_look
def mark(request: Request) -> HttpResponse:
    """On how many incidents there is news; with what a page must know to ask for it at the right time."""
    newest = IncidentEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    codes = watching.codes(request.user)
    context = {"codes": codes, "count": watching.count(request.user) if codes else 0, "newest": newest}
    return render(request, "incidents/_watching_mark.html", context)


@require_safe
@may_look
def messages(request: Request) -> HttpResponse:
    """The news after an event, as messages of an open page; nothing while there is nothing."""
    found = watching.news(request.user, after=_number(request.GET.get("after", "")), most=MOST_MESSAGES)
    return render(request, "incidents/_watching_messages.html", {"news": found})


@require_POST
@works_incidents
def look(request: Request) -> HttpResponse:
    """Everything is seen."""
    watching.look_at_all(request.user)
    return redirect("incidents:watching")


def _number(said: str) -> int:
    """The number of an event; 0, which none has, for anything else."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < LONGEST_ID else 0
