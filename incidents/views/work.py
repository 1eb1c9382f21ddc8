"""Work on the card: whose move, promises, reminders, kinds of work, tags, watchers, checklist. And one's reminders."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents import promises, reminders, watching, work
from incidents.forms import SeenForm
from incidents.models import Reminder, Tag, WorkPeriod
from incidents.views.card import _answer as answer
from incidents.views.card import _do as do
from incidents.views.card import _find as find
from incidents.views.card import works_incidents
from incidents.work_forms import (
    BallForm,
    PromiseForm,
    ReminderForm,
    SettleForm,
    StartForm,
    SwitchForm,
    TagForm,
)

MOST_REMINDERS = 200


@require_POST
@works_incidents
def pass_ball(request: Request, code: str) -> HttpResponse:
    """Whose move it is, by one click."""
    incident, form = find(code), BallForm(request.POST)

    def deed() -> None:
        work.pass_ball(incident, form.cleaned_data["to"], by=request.user, at=timezone.now())

    return do(request, incident, form, deed, {"ball_passed"})


@require_POST
@works_incidents
def promise(request: Request, code: str) -> HttpResponse:
    """Keep what somebody promised."""
    incident, now = find(code), timezone.now()
    form = PromiseForm(request.POST, now=now)

    def deed() -> None:
        said = form.cleaned_data
        promises.promise(incident, giver=said["giver"], text=said["text"], due_at=said["when"], by=request.user, at=now)

    return do(request, incident, form, deed, frozenset(), promise_form=form)


@require_POST
@works_incidents
def settle(request: Request, code: str, pk: int) -> HttpResponse:
    """Kept, or not waited for any more."""
    incident, form = find(code), SettleForm(request.POST)
    given = get_object_or_404(promises.of(incident), pk=pk)

    def deed() -> None:
        promises.settle(given, form.cleaned_data["deed"], by=request.user, at=timezone.now())

    return do(request, incident, form, deed, frozenset())


@require_POST
@works_incidents
def remind(request: Request, code: str) -> HttpResponse:
    """ "Wake me at 15:00"."""
    incident, now = find(code), timezone.now()
    form = ReminderForm(request.POST, now=now)

    def deed() -> None:
        said = form.cleaned_data
        reminders.remind(incident, at=said["when"], text=said["text"], by=request.user, now=now)

    return do(request, incident, form, deed, frozenset(), reminder_form=form)


@require_POST
@works_incidents
def start_work(request: Request, code: str) -> HttpResponse:
    incident, now, form = find(code), timezone.now(), StartForm(request.POST)

    def deed() -> None:
        kind, since = form.cleaned_data["kind"], form.moment(now)
        work.start_work(incident, kind, since=since, by=request.user, at=now)

    return do(request, incident, form, deed, frozenset(), start_form=form)


@require_POST
@works_incidents
def end_work(request: Request, code: str, pk: int) -> HttpResponse:
    incident = find(code)
    period = get_object_or_404(WorkPeriod, pk=pk, incident=incident)

    def deed() -> None:
        work.end_work(period, by=request.user, at=timezone.now())

    return do(request, incident, SeenForm(request.POST), deed, frozenset())


@require_POST
@works_incidents
def add_tag(request: Request, code: str) -> HttpResponse:
    incident, form = find(code), TagForm(request.POST)

    def deed() -> None:
        work.tag(incident, form.cleaned_data["name"], by=request.user, at=timezone.now())

    return do(request, incident, form, deed, frozenset(), tag_form=form)


@require_POST
@works_incidents
def remove_tag(request: Request, code: str, pk: int) -> HttpResponse:
    incident, tag = find(code), get_object_or_404(Tag, pk=pk)

    def deed() -> None:
        work.untag(incident, tag, by=request.user, at=timezone.now())

    return do(request, incident, SeenForm(request.POST), deed, frozenset())


@require_POST
@works_incidents
def watch(request: Request, code: str) -> HttpResponse:
    """Follow the incident, or cease to."""
    incident, form = find(code), SwitchForm(request.POST)

    def deed() -> None:
        watching.watch(incident, on=form.cleaned_data["on"], by=request.user, at=timezone.now())

    return do(request, incident, form, deed, frozenset())


@require_POST
@works_incidents
def mark(request: Request, code: str, pk: int) -> HttpResponse:
    """Tick an item of the checklist."""
    incident, form = find(code), SwitchForm(request.POST)
    item = get_object_or_404(work.checklist(incident), pk=pk)

    def deed() -> None:
        work.mark(incident, item, done=form.cleaned_data["on"], by=request.user, at=timezone.now())

    return do(request, incident, form, deed, frozenset())


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def my_reminders(request: Request) -> HttpResponse:
    """What this person wants to be told, the next one first."""
    now = timezone.now()
    mine = list(reminders.of_person(request.user)[:MOST_REMINDERS])
    due = [each for each in mine if each.at <= now]
    return render(request, "incidents/reminders.html", {"due": due, "later": mine[len(due) :], "now": now})


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def due_reminders(request: Request) -> HttpResponse:
    """What open pages show as messages; nothing while there is nothing."""
    due = list(reminders.due(request.user, timezone.now())[:MOST_REMINDERS])
    return render(request, "incidents/_work_due.html", {"due": due})


@require_POST
@works_incidents
def change_reminder(request: Request, pk: int) -> HttpResponse:
    """Done, or put off until a typed moment. Only one's own."""
    reminder = get_object_or_404(Reminder.objects.select_related("incident"), pk=pk, person=request.user)
    now = timezone.now()
    if not request.POST.get("when"):
        reminders.finish(reminder, by=request.user, now=now)
        return _answer_reminder(request, reminder)
    form = ReminderForm(request.POST, now=now)
    if form.is_valid():
        reminders.snooze(reminder, until=form.cleaned_data["when"], by=request.user, now=now)
    else:
        messages.error(request, form.first_error())
    return _answer_reminder(request, reminder)


def _answer_reminder(request: Request, reminder: Reminder) -> HttpResponse:
    """Back where the click was: the card, the list, or a message on any page."""
    if request.htmx:
        return answer(request, find(reminder.incident.code))
    came_from = urlsplit(request.headers.get("referer", "")).path
    return redirect("incidents:reminders" if came_from.startswith("/reminders") else reminder.incident)
