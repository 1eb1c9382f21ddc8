"""A letter from the card: the form with its recipients, sending, and what became of letters on their way."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.web import Request
from incidents import meanwhile, replying
from incidents.errors import DomainError
from incidents.models import Incident
from incidents.reply_forms import ReplyForm
from incidents.views.card import _context as context_of
from incidents.views.card import _find as find
from incidents.views.card import works_incidents
from mailbox.models import Outgoing


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
def reply(request: Request, code: str) -> HttpResponse:
    """The form of an answer to `letter`; its words are sent when they come back."""
    incident = find(code)
    if request.method == "POST":
        return _send(request, incident)
    letter = request.GET.get("letter", "")
    if not request.htmx:
        return redirect(f"{incident.get_absolute_url()}?{urlencode({'reply': letter})}#reply")
    begun = replying.begin(incident, request.user, letter)
    return render(request, "incidents/_reply_form.html", {"incident": incident, "reply": begun})


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def sending(request: Request, pk: int) -> HttpResponse:
    """What has become of a letter of ours; its mark on the card asks while it is on its way."""
    letter = get_object_or_404(Outgoing.objects.exclude(email__place=None), email=pk)
    return render(request, "incidents/_reply_sending.html", {"sending": letter})


def _send(request: Request, incident: Incident) -> HttpResponse:
    form = ReplyForm(request.POST, incident=incident)
    try:
        if form.is_valid():
            _refuse_if_late(request, incident, form)
            said = form.cleaned_data
            replying.send(
                incident,
                said["text"],
                answered=said["letter"],
                to=said["to"],
                copies=said["copies"],
                by=request.user,
                at=timezone.now(),
                once=said["once"],
            )
            messages.success(request, _("The letter leaves within seconds."))
            return _answer(request, incident)
    except DomainError as error:
        form.add_error("text", error.user_message)
    return _answer(request, incident, form)


def _refuse_if_late(request: Request, incident: Incident, form: ReplyForm) -> None:
    """Whoever answered without knowing what came meanwhile is told once, with his words kept."""
    change = meanwhile.said_since(incident, form.seen_event, meanwhile.NEWS_FOR_A_NOTE, than_own=request.user.pk)
    if change:
        said = _("Meanwhile: %(change)s Your letter is not sent yet; send it again if it is still right.")
        raise DomainError(said % {"change": change})


def _answer(request: Request, incident: Incident, form: ReplyForm | None = None) -> HttpResponse:
    """The card as it is now; a form that was refused comes back with its words and the reason."""
    incident = find(incident.code)
    context = context_of(request, incident)
    if form is not None:
        context["reply"] = replying.begin(incident, request.user, form.data.get("letter", ""))
        context["reply_form"] = form
    if request.htmx:
        return render(request, "incidents/_reply_answer.html", context)
    if form is None:
        return redirect(incident)
    return render(request, "incidents/card.html", context, status=422)
