"""The pages where administrators say which hours count: a list, and an editor that keeps its days until it is saved."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, retarget

from config.web import Request
from incidents.errors import DomainError
from sla import (
    calendar_deeds,
    calendar_forms,
    calendar_rows,
    calendar_sheets,
    calendar_trying,
    calendar_words,
    calendar_year,
    changing,
    russian_days,
    trials,
)
from sla.calendar_forms import DayForm, SheetForm, TryForm
from sla.calendar_sheets import Sheet
from sla.models import PolicyVersion, Trial

keeps_rules = permission_required("sla.change_policyversion", raise_exception=True)


class Draft(NamedTuple):
    """What the editor shows: a calendar, perhaps not saved yet, a year of it, perhaps a day that is being changed."""

    sheet: Sheet
    year: int
    day: DayForm | None = None
    # The day that has the focus when the page is drawn.
    focus: date | None = None


@require_safe
@keeps_rules
def calendars(request: Request) -> HttpResponse:
    """Every calendar: its hours, which years have their holidays, which rules count by it."""
    document = changing.newest().document
    rows = calendar_rows.rows(document, timezone.localdate())
    return render(request, "sla/calendars.html", {"rows": rows, "always": len(calendar_deeds.users(document, ""))})


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_rules
@vary_on_headers("HX-Request")
def calendar(request: Request, key: str) -> HttpResponse:
    """The editor of a calendar; a POST that does not save only draws what would be."""
    return _editor(request, key)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_rules
@vary_on_headers("HX-Request")
def new(request: Request) -> HttpResponse:
    """The editor of a calendar that is not there yet."""
    return _editor(request, None)


@require_POST
@keeps_rules
def remove(request: Request, key: str) -> HttpResponse:
    """Take a calendar away that no rule counts by."""
    rules = changing.newest()
    sheet = _sheet(rules, key)
    why = _("Calendar “%(name)s” removed") % {"name": sheet.name}
    try:
        document = calendar_deeds.without(rules.document, key)
        changing.save(document, by=request.user, why=why, now=timezone.now(), based_on=rules.number)
    except DomainError as refusal:
        messages.error(request, refusal.user_message)
        return redirect("sla:calendar", key)
    messages.success(request, why)
    return redirect("sla:calendars")


def _editor(request: Request, key: str | None) -> HttpResponse:
    rules, today = changing.newest(), timezone.localdate()
    stored = _sheet(rules, key) if key else calendar_rows.first_sheet(rules.document["zone"])
    names = calendar_deeds.names(rules.document, but=key)
    if request.method != "POST":
        sheet = _tried_before(request, key) or stored
        form = calendar_forms.opened(sheet, rules.number, names)
        return _drawn(request, rules, key, form, Draft(sheet, today.year))
    do, _colon, what = request.POST.get("do", "").partition(":")
    form = SheetForm(calendar_forms.with_monday_copied(request.POST) if do == "copy" else request.POST, names=names)
    is_valid = form.is_valid()
    draft = Draft(form.sheet, _year(request, today))
    if "day" in request.POST and do not in {"close", "day", "year"}:
        # A day that is still open is meant; only the fields beside it leave it open.
        draft = _with_day(request, draft, is_done=bool(do))
    if do != "save":
        draft = _done(request, draft, do, what)
    elif is_valid and not draft.day:
        return _save(request, rules, key, form, draft)
    else:
        return _drawn(request, rules, key, form, draft, status=422)
    return _drawn(request, rules, key, form, draft, whole=do == "copy")


def _tried_before(request: Request, key: str | None) -> Sheet | None:
    """The calendar as it was tried, for whoever comes back from what it would change."""
    number = request.GET.get("trial", "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    trial = Trial.objects.filter(pk=number, by=request.user).first() if is_number else None
    return calendar_sheets.all_of(trial.document).get(key or "") if trial else None


def _done(request: Request, draft: Draft, do: str, what: str) -> Draft:
    """What a button of the editor makes of the calendar; nothing is saved."""
    sheet, year = draft.sheet, draft.year
    if do == "year":
        return draft._replace(year=_number(what, year))
    if do == "take":
        return draft._replace(sheet=russian_days.take(sheet, year, short="short" in request.POST))
    if do == "clear":
        return draft._replace(sheet=sheet.without_year(year))
    if do in {"day", "close"} and (day := _date(what)):
        shown = calendar_forms.opened_day(sheet, day) if do == "day" else None
        return draft._replace(year=day.year, day=shown, focus=day)
    return draft


def _with_day(request: Request, draft: Draft, *, is_done: bool) -> Draft:
    """With the day that is being changed, laid over the others if that is done and it is typed well."""
    made = DayForm(request.POST)
    if not made.is_valid() or not is_done:
        return draft._replace(day=made)
    return draft._replace(sheet=made.laid_over(draft.sheet), focus=made.cleaned_data["day"])


def _save(request: Request, rules: PolicyVersion, key: str | None, form: SheetForm, draft: Draft) -> HttpResponse:
    """A new version of the rules; where rules count by the calendar, what it would change is shown first."""
    sheet, now = draft.sheet, timezone.now()
    seen = calendar_sheets.all_of(PolicyVersion.objects.get(number=form.cleaned_data["seen"]).document)
    if key and _sheet(rules, key) != seen.get(key):
        form.data = {**request.POST.dict(), "seen": str(rules.number)}
        form.add_error(None, _("Somebody has changed this calendar meanwhile. Saved once more, yours takes its place."))
        return _drawn(request, rules, key, form, draft, status=409)
    if key and sheet == _sheet(rules, key):
        messages.info(request, _("Nothing was changed."))
        return _leave(request, reverse("sla:calendars"))
    document = calendar_deeds.with_sheet(rules.document, key or calendar_deeds.new_key(rules.document), sheet)
    why = form.cleaned_data["why"] or _("Calendar “%(name)s”") % {"name": sheet.name}
    try:
        there = _put(request, rules, key, document, why, now)
    except DomainError as refusal:
        form.add_error(None, refusal.user_message)
        return _drawn(request, rules, key, form, draft, status=409)
    return _leave(request, there)


def _leave(request: Request, there: str) -> HttpResponse:
    return HttpResponseClientRedirect(there) if request.htmx else redirect(there)


def _put(
    request: Request, rules: PolicyVersion, key: str | None, document: dict[str, Any], why: str, now: datetime
) -> str:
    """Put the rules in force where no clock can change by it, else have them tried; returns where to go on."""
    if key and calendar_deeds.users(document, key):
        back = reverse("sla:calendar", args=[key])
        trial = trials.start(document, by=request.user, now=now, based_on=rules.number, back=back, why=why)
        return reverse("sla:trial", args=[trial.pk])
    changing.save(document, by=request.user, why=why, now=now, based_on=rules.number)
    messages.success(request, _("Saved. No rule counts by this calendar yet."))
    return reverse("sla:calendars")


def _drawn(
    request: Request,
    rules: PolicyVersion,
    key: str | None,
    form: SheetForm,
    draft: Draft,
    *,
    whole: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The editor; for htmx only what follows from the fields, unless they have changed themselves."""
    context = _context(request, rules, key, form, draft)
    if not request.htmx:
        return render(request, "sla/calendar.html", context, status=status)
    if whole or status != 200:
        return retarget(render(request, "sla/calendar_form.html", context, status=status), "#cal-form")
    return render(request, "sla/calendar_live.html", {**context, "is_live": True})


def _context(request: Request, rules: PolicyVersion, key: str | None, form: SheetForm, draft: Draft) -> dict[str, Any]:
    sheet, number, now = draft.sheet, draft.year, timezone.now()
    stored = calendar_sheets.all_of(rules.document).get(key or "")
    return {
        "key": key,
        "form": form,
        "sheet": sheet,
        "kept": calendar_forms.kept(sheet),
        "rules": calendar_rows.rules_by_calendar(rules.document).get(key, []) if key else [],
        "is_changed": sheet != (stored or calendar_rows.first_sheet(rules.document["zone"])),
        "week": calendar_rows.week(form, sheet),
        "week_hours": calendar_rows.week_length(sheet),
        "day": calendar_rows.chosen(sheet, draft.day) if draft.day else None,
        "focus": draft.focus,
        **_of_year(request, sheet, number, timezone.localdate(now)),
        **_of_trying(request, sheet, now),
    }


def _of_year(request: Request, sheet: Sheet, number: int, today: date) -> dict[str, Any]:
    taken = sheet.taken.get(number)
    differences = russian_days.differences(sheet, number) if taken else []
    year = calendar_year.lay_out(sheet, number, [each.day for each in differences])
    return {
        "year": year,
        "worked": calendar_words.working_days(year.days),
        "weekdays": calendar_words.SHORT_WEEKDAYS,
        "years": [each for each in (number - 1, number, number + 1) if russian_days.FIRST <= each <= russian_days.LAST],
        "year_days": sheet.of_year(number),
        "today": today,
        "taken": taken,
        "is_short": "short" in request.POST if "kept" in request.POST else taken is None or taken.short,
        "is_decreed": russian_days.is_decreed(number),
        "is_outdated": russian_days.is_outdated(sheet, number),
        "differences": calendar_rows.differences(differences),
    }


def _of_trying(request: Request, sheet: Sheet, now: datetime) -> dict[str, Any]:
    trying = TryForm(request.POST if request.method == "POST" else None)
    tried = trying.tried(sheet, now)
    return {
        "tried": tried,
        "tried_due": calendar_words.moment(tried.due) if tried.due else "",
        "tried_rows": calendar_rows.counted(tried),
        "opens": f"{tried.opens:%Y-%m-%dT%H:%M}",
        "allowed": request.POST.get("allowed") or calendar_trying.ALLOWED,
    }


def _sheet(rules: PolicyVersion, key: str) -> Sheet:
    try:
        return calendar_sheets.all_of(rules.document)[key]
    except KeyError as error:
        raise Http404 from error


def _year(request: Request, today: date) -> int:
    return _number(request.POST.get("year", ""), today.year)


def _number(typed: str, otherwise: int) -> int:
    """A year that the list of holidays knows."""
    is_year = typed.isascii() and typed.isdecimal() and len(typed) == 4
    return int(typed) if is_year and russian_days.FIRST <= int(typed) <= russian_days.LAST else otherwise


def _date(typed: str) -> date | None:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if russian_days.FIRST <= day.year <= russian_days.LAST else None
