"""Putting letters where they belong: move, split off, merge, decide what the machine proposed, take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from config.web import Request
from incidents import moving, moving_words, suggestions, targets, timeline, undoing
from incidents.errors import DomainError
from incidents.forms import SeenForm
from incidents.models import Incident, IncidentEvent, Suggestion
from incidents.moving_forms import DecisionForm, LettersForm, MoveForm, TargetForm
from incidents.views.card import _answer as answer
from incidents.views.card import _find as find
from incidents.views.card import works_incidents

LONGEST_QUESTION = 200


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
@vary_on_headers("HX-Request")
def move(request: Request, code: str) -> HttpResponse:
    """Choose an incident for a letter or a conversation, `?letter=` or `?thread=`; then put them there."""
    incident, now = find(code), timezone.now()
    if request.method != "POST":
        return _choose(request, incident, LettersForm(request.GET, incident=incident, now=now))
    chosen = MoveForm(request.POST, incident=incident, now=now)
    if not chosen.is_valid():
        return _choose(request, incident, chosen, refused=True)

    def deed() -> IncidentEvent:
        to = chosen.cleaned_data["to"]
        return moving.move_letters(chosen.letters, to, out_of=incident, by=request.user, at=now)

    return _do(request, incident, chosen, deed)


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
@vary_on_headers("HX-Request")
def merge(request: Request, code: str) -> HttpResponse:
    """Choose what the whole incident is merged into; then merge it."""
    incident, now = find(code), timezone.now()
    if request.method != "POST":
        return _choose(request, incident, None)
    chosen = TargetForm(request.POST, incident=incident, now=now)
    if not chosen.is_valid():
        return _choose(request, incident, chosen, refused=True)

    def deed() -> IncidentEvent:
        return moving.merge(incident, chosen.cleaned_data["to"], by=request.user, at=now)

    return _do(request, incident, chosen, deed)


@require_POST
@works_incidents
def split(request: Request, code: str) -> HttpResponse:
    """A letter or a conversation opens an incident of its own."""
    incident = find(code)
    form = LettersForm(request.POST, incident=incident, now=timezone.now())

    def deed() -> IncidentEvent:
        return moving.move_letters(form.letters, None, out_of=incident, by=request.user, at=timezone.now())

    return _do(request, incident, form, deed)


@require_POST
@works_incidents
def decide(request: Request, code: str, pk: int) -> HttpResponse:
    """Yes or no to a suggestion; asked on the card of either incident."""
    incident = find(code)
    suggestion = get_object_or_404(Suggestion.objects.select_related("incident", "other"), pk=pk)
    form = DecisionForm(request.POST)

    def deed() -> IncidentEvent:
        act = suggestions.accept if form.cleaned_data["decision"] == "accept" else suggestions.dismiss
        return act(suggestion, by=request.user, at=timezone.now())

    return _do(request, incident, form, deed)


@require_POST
@works_incidents
def undo(request: Request, code: str, event: int) -> HttpResponse:
    incident = find(code)
    found = get_object_or_404(IncidentEvent.objects.select_related("incident"), pk=event)

    def deed() -> IncidentEvent:
        return undoing.undo(found, by=request.user, at=timezone.now())

    return _do(request, incident, None, deed)


@require_safe
@works_incidents
def options(request: Request, code: str) -> HttpResponse:
    """Incidents for the typed words; the likely ones while nothing is typed."""
    incident = find(code)
    form = LettersForm(request.GET, incident=incident, now=timezone.now())
    letters = form.letters if form.is_valid() else []
    typed = request.GET.get("to", "").replace("\0", "").strip()[:LONGEST_QUESTION]
    return render(request, "incidents/_move_targets.html", _targets(incident, letters, typed))


def _targets(incident: Incident, letters: list[Any], typed: str) -> dict[str, Any]:
    found = targets.meant(incident, typed, timezone.now()) if typed else targets.likely(incident, letters)
    return {"incident": incident, "targets": found, "typed": typed}


def _choose(request: Request, incident: Incident, form: SeenForm | None, *, refused: bool = False) -> HttpResponse:
    """The form that asks where to: a dialog on the card, or a page of its own without scripts."""
    letters: list[Any] = []
    if isinstance(form, LettersForm):
        if not form.is_valid() and not form.letters:
            messages.error(request, form.first_error())
            return render(request, "_messages.html") if request.htmx else redirect(incident)
        letters = form.letters
    typed = request.POST.get("to", "").replace("\0", "")[:LONGEST_QUESTION]
    seen = request.POST.get("seen") or incident.events.order_by("-id").values_list("pk", flat=True).first() or 0
    whole = bool(letters) and len(letters) == incident.letter_count
    context = {
        **_targets(incident, letters, typed),
        "form": form if refused else None,
        "letters": letters,
        "thread": request.POST.get("thread") or request.GET.get("thread"),
        "is_whole": whole or not letters,
        "seen": seen,
        "now": timezone.now(),
    }
    template = "incidents/_move.html" if request.htmx else "incidents/_move_page.html"
    return render(request, template, context, status=422 if refused else 200)


def _do(request: Request, incident: Incident, form: Any, deed: Callable[[], IncidentEvent]) -> HttpResponse:
    """Do it, unless somebody was faster or the desk's rules say no; say what was done, with a way back."""
    if form is not None and not form.is_valid():
        messages.error(request, _first_error(form))
        return answer(request, incident, refused=True)
    try:
        _refuse_if_late(request, incident, form)
        event = deed()
    except DomainError as error:
        messages.error(request, error.user_message)
        return answer(request, incident, refused=True)
    return _done(request, find(incident.code), event)


def _first_error(form: Any) -> str:
    return next((str(error) for errors in form.errors.values() for error in errors), "")


def _refuse_if_late(request: Request, incident: Incident, form: Any) -> None:
    """Whoever decided on an older page is told once what has changed; the next click knows it."""
    seen = form.cleaned_data.get("seen") if form is not None else None
    if seen is None:
        return
    event = timeline.newer(incident, seen, moving.KINDS, than_own=request.user.pk)
    if event:
        said = _("Meanwhile: %(change)s Nothing was done; look and click again if it is still right.")
        raise DomainError(said % {"change": moving_words.meanwhile(event)})


def _done(request: Request, incident: Incident, event: IncidentEvent) -> HttpResponse:
    """A merged incident leads to the other one at once; everything else stays on the card it was done on."""
    other = Incident.objects.filter(pk=event.data.get("other")).first()
    there = incident.final if event.kind == "merged" else incident
    context = {
        "said": moving_words.done(event, other),
        "event": event,
        "incident": there,
        "undoable": undoing.may_be_undone(event, event.at),
    }
    messages.success(request, render_to_string("incidents/_move_done.html", context, request))
    is_another_page = there != incident or event.data.get("what") in {"merged", "split_off"}
    if is_another_page:
        # Or the same one with other parts; the message waits for it.
        return HttpResponseClientRedirect(there.get_absolute_url()) if request.htmx else redirect(there)
    return answer(request, incident)
