"""The incident card and what people do on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from config.web import Request
from incidents import (
    cards,
    closing,
    composer_files,
    composer_leaving,
    correcting,
    drafts,
    meanwhile,
    note_files,
    notice_doors,
    replying,
    services,
    undoing_steps,
    watching,
)
from incidents.errors import DomainError
from incidents.forms import AssignForm, NoteForm, PriorityForm, SeenForm, SiteForm, TakeForm, TypeForm
from incidents.models import Incident, Status
from incidents.step_forms import StepForm
from mailbox.store import NotStored

if TYPE_CHECKING:
    from dispatchers.models import User

# How this browser shows conversations: words, each there or not.
TALK_COOKIE, BETWEEN = "talk", "."
NEWEST_FIRST, FOLDED = "newest", "folded"
YEAR = 365 * 24 * 3600

works_incidents = permission_required("incidents.work_incident", raise_exception=True)


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
@vary_on_headers("HX-Request")
def card(request: Request, code: str) -> HttpResponse:
    """The page; asked by itself after an event, only what has changed, and nothing if nothing has."""
    incident = _find(code)
    if "talk" in request.GET:
        return _keep_order(request, incident)
    if not request.htmx:
        return render(request, "incidents/card.html", _context(request, incident, **_begun(request, incident)))
    if "before" in request.GET:
        return render(request, "incidents/_older_page.html", _context(request, incident))
    newest = incident.events.order_by("-id").values_list("pk", flat=True).first()
    if str(newest or 0) == request.GET.get("seen"):
        return HttpResponse(status=204)
    # Guarded: the page keeps its own header or facts while somebody types there.
    return render(request, "incidents/_live.html", _context(request, incident, guard=True))


@require_POST
@works_incidents
def take(request: Request, code: str) -> HttpResponse:
    incident, now = _find(code), timezone.now()
    form = TakeForm(request.POST)

    def deed() -> None:
        services.take(incident, by=request.user, at=now)
        _offer_undo(request, incident, now)

    return _do(request, incident, form, deed, {"assigned"})


@require_POST
@works_incidents
def assign(request: Request, code: str) -> HttpResponse:
    incident, now = _find(code), timezone.now()
    form = AssignForm(request.POST)

    def deed() -> None:
        services.assign(incident, to=form.cleaned_data["to"], by=request.user, at=now)
        _offer_undo(request, incident, now)

    return _do(request, incident, form, deed, {"assigned"})


@require_POST
@works_incidents
def change_status(request: Request, code: str) -> HttpResponse:
    """One step; what closing needs is asked on the spot first."""
    incident, now = _find(code), timezone.now()
    form = StepForm(request.POST, incident=incident)
    if form.is_valid() and not form.cleaned_data["asked"]:
        questions = closing.questions(incident, form.cleaned_data["to"], form.cleaned_data["reason"])
        if questions:
            return _ask(request, incident, questions)

    def deed() -> None:
        said = form.cleaned_data
        to, reason = said["to"], said["reason"].strip()
        if to.is_error and reason and incident.is_open:
            # The reason must stand on the card until it is put right, not only in the timeline.
            services.raise_error(incident, reason=reason, by=request.user, at=now)
        else:
            _step(incident, to, reason, said, by=request.user, at=now)
        _offer_undo(request, incident, now)

    return _do(request, incident, form, deed, meanwhile.NEWS_FOR_A_STEP, step_form=form)


@require_POST
@works_incidents
def set_type(request: Request, code: str) -> HttpResponse:
    incident = _find(code)
    form = TypeForm(request.POST)

    def deed() -> None:
        services.set_type(incident, form.cleaned_data["to"], by=request.user, at=timezone.now())

    return _do(request, incident, form, deed, {"type_set"})


@require_POST
@works_incidents
def set_priority(request: Request, code: str) -> HttpResponse:
    incident = _find(code)
    form = PriorityForm(request.POST)

    def deed() -> None:
        to = Incident.Priority(form.cleaned_data["to"])
        services.set_priority(incident, to, by=request.user, at=timezone.now())

    return _do(request, incident, form, deed, {"priority_set"})


@require_POST
@works_incidents
def link_site(request: Request, code: str) -> HttpResponse:
    """Pole and station; the contractor follows at once."""
    incident = _find(code)
    form = SiteForm(request.POST, incident=incident)

    def deed() -> None:
        pole, station = form.cleaned_data["pole"], form.cleaned_data["station"]
        services.link_asset(incident, pole=pole, station=station, by=request.user, at=timezone.now())

    return _do(request, incident, form, deed, {"site_linked"}, site_form=form)


@require_POST
@works_incidents
def add_comment(request: Request, code: str) -> HttpResponse:
    """A note. Its text stays in the field, and in the draft, until it is stored."""
    incident = _find(code)
    form = NoteForm(request.POST)
    try:
        if form.is_valid():
            _refuse_if_unread(request, incident)
            text, now = form.cleaned_data["text"], timezone.now()
            files = note_files.stored(request.FILES.getlist("files"))
            with transaction.atomic():
                note_files.put(services.add_comment(incident, text, by=request.user, at=now), files)
                named = watching.call(incident, text, by=request.user, at=now)
                drafts.clear(incident, request.user)
            if named:
                names = ", ".join(person.full_name for person in named)
                messages.success(request, _("Notified: %(names)s.") % {"names": names})
            return _answer(request, incident, with_note=True)
    except DomainError as error:
        form.add_error("text", error.user_message)
    except NotStored as error:
        form.add_error("text", str(error))
    return _answer(request, incident, refused=True, with_note=True, note_form=form)


@require_POST
@works_incidents
def mark_read(request: Request, code: str) -> HttpResponse:
    """The unread mark goes when somebody who works the incident has it before him; a watcher has seen the news."""
    incident, page = _find(code), SeenForm(request.POST)
    seen = page.seen_event if page.is_valid() else None
    if seen is not None:
        # Nobody has seen what has not happened yet.
        seen = min(seen, incident.events.order_by("-id").values_list("pk", flat=True).first() or 0)
    if incident.assignee_id in (None, request.user.pk):
        services.mark_read(incident, up_to=seen)
    watching.look(incident, request.user, up_to=seen)
    # A page that says what it has seen asks in the background.
    return HttpResponse(status=204) if request.htmx or seen is not None else redirect(incident)


@transaction.atomic
def _step(incident: Incident, to: Status, reason: str, said: dict[str, Any], *, by: User, at: datetime) -> None:
    """With what was answered beside the step; a step that sends may bring the address that was missing."""
    if said["address"]:
        name = incident.requester_name
        incident = correcting.correct_requester(incident, name=name, email=said["address"], by=by, at=at)
    if not said["insist"]:
        notice_doors.require_certain(to, incident, at)
    closing.step(incident, to, by=by, at=at, reason=reason, kind=said["type"], done=said["done"])


def _ask(request: Request, incident: Incident, questions: closing.Questions) -> HttpResponse:
    """The card asks in its header; on any other page a message leads there."""
    if request.htmx and not _is_here(request, incident):
        messages.warning(request, _("Before closing: %(what)s. Answer on the card.") % {"what": questions})
    return _answer(request, incident, refused=True, closing=questions)


def _is_here(request: Request, incident: Incident) -> bool:
    return urlsplit(request.htmx.current_url or "").path == incident.get_absolute_url()


def _keep_order(request: Request, incident: Incident) -> HttpResponse:
    """Which end of the timeline is read first has just been chosen: this browser remembers it."""
    words = {FOLDED} & _talk(request) | {NEWEST_FIRST} & {request.GET["talk"]}
    response = redirect(incident)
    # Folding is done by the page itself, which says so in the same cookie.
    response.set_cookie(TALK_COOKIE, BETWEEN.join(sorted(words)), max_age=YEAR, samesite="Lax")
    return response


def _talk(request: Request) -> set[str]:
    """How this browser wants to read conversations."""
    return set(request.COOKIES.get(TALK_COOKIE, "").split(BETWEEN))


def _find(code: str) -> Incident:
    try:
        return cards.find(code)
    except Incident.DoesNotExist as error:
        raise Http404(_("There is no incident %(code)s.") % {"code": code}) from error


def _do(
    request: Request,
    incident: Incident,
    form: SeenForm,
    deed: Callable[[], None],
    kinds: frozenset[str] | set[str],
    **kept: Any,
) -> HttpResponse:
    """Do it, unless the form is wrong, somebody else was faster, or the desk's rules say no.

    `kept` are the forms with typed words: refused, they come back as they were.
    """
    if not form.is_valid():
        messages.error(request, form.first_error())
        return _answer(request, incident, refused=True, **kept)
    try:
        _refuse_if_late(request, incident, form, frozenset(kinds))
        deed()
    except DomainError as error:
        messages.error(request, error.user_message)
        return _answer(request, incident, refused=True, **kept)
    return _answer(request, incident)


def _refuse_if_late(request: Request, incident: Incident, form: SeenForm, kinds: frozenset[str]) -> None:
    """Whoever decided on an older page is told once what has changed; the next click knows it."""
    change = meanwhile.said_since(incident, form.seen_event, kinds, than_own=request.user.pk)
    if change:
        said = _("Meanwhile: %(change)s Nothing was done; look and click again if it is still right.")
        raise DomainError(said % {"change": change})


def _refuse_if_unread(request: Request, incident: Incident) -> None:
    """Whoever wrote without knowing what others said meanwhile is told once, with his words kept."""
    page = SeenForm(request.POST)
    seen = page.seen_event if page.is_valid() else None
    change = meanwhile.said_since(incident, seen, meanwhile.NEWS_FOR_A_NOTE, than_own=request.user.pk)
    if change:
        said = _("Meanwhile: %(change)s Your note is not stored yet; save it again if it is still right.")
        raise DomainError(said % {"change": change})


def _offer_undo(request: Request, incident: Incident, at: datetime) -> None:
    """Say what the click did, with the way back."""
    events = undoing_steps.of_click(incident, request.user, at)
    if events:
        context = {"said": meanwhile.done(events), "event": events[-1], "incident": incident}
        messages.success(request, render_to_string("incidents/_step_done.html", context, request))


def _answer(request: Request, incident: Incident, *, refused: bool = False, **kept: Any) -> HttpResponse:
    """htmx gets what has changed; a browser a redirect, or the page with its words when it was refused."""
    if request.htmx:
        # The desk has buttons too; its rows follow by themselves, so it needs the words only.
        template, status = "incidents/_live.html" if _is_here(request, incident) else "_messages.html", 200
    elif refused:
        template, status = "incidents/card.html", 422
    else:
        return redirect(incident)
    return render(request, template, _context(request, cards.find(incident.code), **kept), status=status)


def _begun(request: Request, incident: Incident) -> dict[str, Any]:
    """The letter that the address wants to be written, `?reply=` and the one it answers, `as` its kind."""
    if "reply" not in request.GET or not replying.is_possible():
        return {}
    begun = replying.begin(incident, request.user, request.GET["reply"], request.GET.get("as", ""))
    return {"reply": begun, "file_limit": composer_files.largest()}


def _moment(said: str) -> datetime | None:
    """A moment of an address, with its zone; None for nonsense."""
    try:
        moment = parse_datetime(said)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _context(request: Request, incident: Incident, **more: Any) -> dict[str, Any]:
    now, talk = timezone.now(), _talk(request)
    # Without scripts one conversation is sought in all of them.
    everything = "everything" in request.GET or ("thread" in request.GET and not request.htmx)
    shown = cards.load(
        incident,
        request.user,
        now,
        everything=everything,
        before=_moment(request.GET.get("before", "")),
        newest_first=NEWEST_FIRST in talk,
    )
    return {
        "card": shown,
        "folded": FOLDED in talk,
        "incident": incident,
        "now": now,
        "may_answer": replying.is_possible(),
        # Called where the card shows them.
        "planned_letters": partial(composer_leaving.planned, incident),
        # Called by the form of the note alone.
        "draft": partial(drafts.of, incident, request.user),
        **more,
    }
