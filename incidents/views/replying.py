"""A letter from the card: the form, sending now or later, taking it back, and what became of letters on their way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseNotFound
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.web import Request
from incidents import composer_checks, composer_files, composer_leaving, meanwhile, replying
from incidents.composer_checks import Question
from incidents.errors import DomainError
from incidents.models import Incident, WrittenLetter
from incidents.reply_forms import LetterForm, kept_of
from incidents.views.card import _context as context_of
from incidents.views.card import _find as find
from incidents.views.card import works_incidents
from incidents.work_words import moment
from mailbox.models import Outgoing

_DEEDS = {"change": composer_leaving.change, "drop": composer_leaving.drop, "send": composer_leaving.leave_now}


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
def reply(request: Request, code: str) -> HttpResponse:
    """The form of a letter about `letter`, of the kind `as`; its words are sent when they come back."""
    incident = find(code)
    if request.method == "POST":
        return _send(request, incident)
    letter, kind = request.GET.get("letter", ""), request.GET.get("as", "")
    if not request.htmx:
        asked = urlencode({"reply": letter, **({"as": kind} if kind else {})})
        return redirect(f"{incident.get_absolute_url()}?{asked}#reply")
    begun = replying.begin(incident, request.user, letter, kind)
    return render(request, "incidents/_reply_form.html", _of_form(incident, begun))


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def sending(request: Request, pk: int) -> HttpResponse:
    """What has become of a letter of ours; its mark on the card asks while it is on its way."""
    letter = get_object_or_404(Outgoing.objects.exclude(email__place=None), email=pk)
    return render(request, "incidents/_reply_sending.html", {"sending": letter, "now": timezone.now()})


@require_POST
@works_incidents
def take_back(request: Request, pk: int) -> HttpResponse:
    """Undo: the letter of this number has not left and is in the form again."""
    outgoing = get_object_or_404(Outgoing.objects.select_related("email__place__incident"), email=pk)
    place = getattr(outgoing.email, "place", None)
    if place is None:
        return HttpResponseNotFound(_("The letter is no part of an incident any more."))
    try:
        composer_leaving.take_back(outgoing, by=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.user_message)
        return _answer(request, place.incident)
    return _answer(request, place.incident, with_draft=True)


@require_POST
@works_incidents
def planned(request: Request, pk: int, deed: str) -> HttpResponse:
    """Change, drop or send a letter that waits for its moment."""
    written = get_object_or_404(WrittenLetter.objects.select_related("incident", "person"), pk=pk)
    if deed not in _DEEDS:
        return HttpResponseNotFound()
    try:
        incident = _DEEDS[deed](written, by=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.user_message)
        return _answer(request, written.incident.final)
    if deed == "drop":
        messages.success(request, _("The letter will not leave. Its words are kept as a draft of who wrote it."))
    return _answer(request, incident, with_draft=deed == "change")


def _send(request: Request, incident: Incident) -> HttpResponse:
    now = timezone.now()
    form = LetterForm(request.POST, incident=incident, now=now)
    try:
        if form.is_valid():
            _refuse_if_late(request, incident, form)
            questions = _unanswered(request, incident, form, now)
            if questions:
                return _answer(request, incident, form, questions)
            _give(request, incident, form, now)
            return _answer(request, incident)
    except DomainError as error:
        form.add_error("text", error.user_message)
    return _answer(request, incident, form)


def _give(request: Request, incident: Incident, form: LetterForm, now: datetime) -> None:
    """Let it leave, or keep it for its moment."""
    brought = composer_files.chosen(incident, request.user, form.cleaned_data["uploads"])
    kept = kept_of(request.POST) | {"answered": sorted(_answered(request))}
    leaves_at = form.cleaned_data["leaves"]
    facts: dict[str, Any] = {"by": request.user, "at": now, "form": kept, "files": brought}
    if leaves_at:
        composer_leaving.plan(incident, leaves_at=leaves_at, **facts)
        messages.success(request, _("The letter leaves at %(at)s.") % {"at": moment(leaves_at, now)})
    else:
        composer_leaving.send(incident, form.said, once=form.cleaned_data["once"], **facts)


def _unanswered(request: Request, incident: Incident, form: LetterForm, now: datetime) -> list[Question]:
    """What has to be asked about this letter and was not."""
    has_files = bool(form.cleaned_data["uploads"] or form.cleaned_data["attach"])
    return composer_checks.questions(incident, form.said, has_files=has_files, now=now, answered=_answered(request))


def _answered(request: Request) -> set[str]:
    """The questions that somebody has answered: send anyway."""
    asked = request.POST.getlist("asked") if "anyway" in request.POST else []
    return {*request.POST.getlist("answered"), *asked}


def _refuse_if_late(request: Request, incident: Incident, form: LetterForm) -> None:
    """Whoever answered without knowing what came meanwhile is told once, with his words kept."""
    change = meanwhile.said_since(incident, form.seen_event, meanwhile.NEWS_FOR_A_NOTE, than_own=request.user.pk)
    if change:
        said = _("Meanwhile: %(change)s Your letter is not sent yet; send it again if it is still right.")
        raise DomainError(said % {"change": change})


def _answer(
    request: Request,
    incident: Incident,
    form: LetterForm | None = None,
    questions: list[Question] | None = None,
    *,
    with_draft: bool = False,
) -> HttpResponse:
    """The card as it is now; a form that was refused comes back with its words and the reason."""
    incident = find(incident.code)
    context = context_of(request, incident)
    if form is not None:
        typed = kept_of(form.data) | {"answered": sorted(_answered(request))}
        begun = replying.shown(incident, request.user, typed)
        context |= _of_form(incident, begun) | {"reply_form": form, "questions": questions}
        context["leaves"] = form.data.get("leaves", "")
    elif with_draft:
        context |= _of_form(incident, replying.begin(incident, request.user))
    if request.htmx:
        return render(request, "incidents/_reply_answer.html", context)
    if form is None:
        return redirect(f"{incident.get_absolute_url()}?reply=#reply" if with_draft else incident)
    return render(request, "incidents/card.html", context, status=422)


def _of_form(incident: Incident, begun: replying.Beginning) -> dict[str, Any]:
    return {"incident": incident, "reply": begun, "file_limit": composer_files.largest()}
