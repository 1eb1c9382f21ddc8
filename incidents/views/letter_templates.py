"""The pages where administrators word the letters of the desk; everybody else may read them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.web import Request
from incidents import letter_template_deeds as deeds
from incidents import letter_template_rows as rows
from incidents import letter_templates
from incidents.errors import DomainError
from incidents.letter_differences import Difference, between
from incidents.letter_template_forms import ScopeForm, WordsForm
from incidents.letter_templates import Kind, Wording
from incidents.letter_variables import VARIABLES
from incidents.models import LetterTemplate, LetterTemplateVersion

reads_templates = permission_required("incidents.view_incident", raise_exception=True)
changes_templates = permission_required(deeds.MAY_CHANGE, raise_exception=True)


@require_safe
@reads_templates
def templates(request: Request) -> HttpResponse:
    """What every letter says, and the words for some incidents only."""
    special, before = rows.special(_number(request.GET.get("before")))
    context = {"general": rows.general(), "special": special, "next": before, "kinds": Kind, **_rights(request)}
    return render(request, "incidents/letter_templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reads_templates
def new(request: Request, kind: str) -> HttpResponse:
    """The first words of the desk's own for a kind of letter; with `special`, for some incidents only."""
    letter, is_special = _kind(kind), "special" in request.GET
    if request.method == "POST":
        return _begin(request, letter, is_special=is_special)
    wide = LetterTemplate.objects.filter(kind=letter, operator_group="", region="", contractor=None).first()
    if wide and not is_special:
        return redirect(_page_of(wide))
    said = Wording(wide.subject, wide.text, wide.html) if wide else letter_templates.shipped(letter)
    return _editor(request, letter, None, _form(letter, said, seen=0), ScopeForm() if is_special else None)


@changes_templates
def _begin(request: Request, letter: Kind, *, is_special: bool) -> HttpResponse:
    form, scope = WordsForm(request.POST, kind=letter), ScopeForm(request.POST if is_special else {})
    if is_special and scope.is_valid() and scope.scope == deeds.For():
        scope.add_error(None, _("Choose for which incidents these words are."))
    if form.is_valid() and scope.is_valid() and _stands_the_trial(request, form):
        at, why = timezone.now(), form.cleaned_data["why"]
        try:
            written = deeds.begin(letter, scope.scope, form.wording, by=request.user, at=at, why=why)
            return _saved(request, written)
        except DomainError as refusal:
            form.add_error(None, refusal.user_message)
    return _editor(request, letter, None, form, scope if is_special else None, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@reads_templates
def template(request: Request, pk: int) -> HttpResponse:
    """The editor of these words; for whoever may not change them a page to read."""
    row = get_object_or_404(LetterTemplate.objects.select_related("contractor"), pk=pk)
    if request.method == "POST":
        return _change(request, row)
    said = Wording(row.subject, row.text, row.html)
    return _editor(request, Kind(row.kind), row, _form(Kind(row.kind), said, seen=row.version))


@require_safe
@reads_templates
def history(request: Request, pk: int) -> HttpResponse:
    """Every version with what it changed."""
    row = get_object_or_404(LetterTemplate.objects.select_related("contractor"), pk=pk)
    changes, before = rows.history(row, _number(request.GET.get("before")))
    context = {"template": row, "title": rows.title(Kind(row.kind), row), "changes": changes, "next": before}
    return render(request, "incidents/letter_template_history.html", {**context, **_rights(request)})


@require_POST
@changes_templates
def take_back(request: Request, pk: int) -> HttpResponse:
    """An earlier version as the newest one; number 0 is what was before the first."""
    row = get_object_or_404(LetterTemplate, pk=pk)
    number, seen = _number(request.POST.get("number")) or 0, _number(request.POST.get("seen")) or 0
    try:
        if number:
            written = deeds.take_back(row, number, seen=seen, by=request.user, at=timezone.now())
        else:
            written = deeds.set_aside(row, seen=seen, by=request.user, at=timezone.now())
    except LetterTemplateVersion.DoesNotExist as error:
        raise Http404 from error
    except DomainError as refusal:
        messages.error(request, refusal.user_message)
        return redirect(_page_of(row))
    if not written.is_used:
        messages.success(request, _("Set aside: letters get the wider words again, or those that Dispatch came with."))
    else:
        messages.success(request, _("The words of version %(n)d are in force again.") % {"n": number})
    return redirect(_page_of(row))


@changes_templates
def _change(request: Request, row: LetterTemplate) -> HttpResponse:
    letter = Kind(row.kind)
    form = WordsForm(request.POST, kind=letter)
    if form.is_valid() and _stands_the_trial(request, form):
        said, at = form.cleaned_data, timezone.now()
        try:
            written = deeds.save(
                row, form.wording, seen=said["seen"] or 0, by=request.user, at=at, why=said["why"]
            )  # fmt: skip
            return _saved(request, written)
        except deeds.Outdated as refusal:
            row.refresh_from_db()
            # His words stay in the form; saved once more they are laid over the newer version.
            form.data = {**request.POST.dict(), "seen": str(row.version)}
            form.add_error(None, refusal.user_message)
            return _editor(request, letter, row, form, status=409, conflict=between(row, form.wording))
    return _editor(request, letter, row, form, status=422)


def _stands_the_trial(request: Request, form: WordsForm) -> bool:
    """Whether the words hold for the newest incidents; what does not is said on the form."""
    wrong = deeds.trials(form.kind, form.wording, by=request.user, now=timezone.now())
    for each in wrong[:3]:
        form.add_error(None, each)
    return not wrong


def _saved(request: Request, row: LetterTemplate) -> HttpResponse:
    messages.success(request, _("Version %(n)d is in force: the next letters say so.") % {"n": row.version})
    return redirect(f"{_page_of(row)}?saved={row.version}")


def _editor(
    request: Request,
    kind: Kind,
    row: LetterTemplate | None,
    form: WordsForm,
    scope: ScopeForm | None = None,
    *,
    status: int = 200,
    conflict: Sequence[Difference] = (),
) -> HttpResponse:
    last = row.versions.select_related("by").filter(number=row.version).first() if row else None
    context = {
        "kind": kind,
        "about": rows.ABOUT[kind],
        "title": rows.title(kind, row, is_special=scope is not None),
        "template": row,
        "last": last,
        "form": form,
        "scope": scope,
        "conflict": conflict,
        "shipped": letter_templates.shipped(kind),
        "variables": [(name, list(found)) for name, found in groupby(VARIABLES.values(), key=lambda each: each.group)],
        "incidents": deeds.newest(deeds.TRIED_ON),
        "just_saved": row is not None and request.GET.get("saved") == str(row.version),
        "desk_prefix": f"Re: {settings.INCIDENT_PREFIX}-…:",
        **_rights(request),
    }
    return render(request, "incidents/letter_template.html", context, status=status)


def _form(kind: Kind, said: Wording, *, seen: int) -> WordsForm:
    initial: dict[str, Any] = {"subject": said.subject, "text": said.text, "html": said.html, "seen": seen}
    return WordsForm(kind=kind, initial=initial)


def _rights(request: Request) -> dict[str, bool]:
    return {"may_change": request.user.has_perm(deeds.MAY_CHANGE)}


def _kind(named: str) -> Kind:
    try:
        return Kind(named)
    except ValueError as error:
        raise Http404 from error


def _page_of(row: LetterTemplate) -> str:
    return reverse("incidents:letter_template", args=[row.pk])


def _number(typed: str | None) -> int | None:
    """What an address says as a number, where it is one that a row can have."""
    return int(typed) if typed and typed.isdecimal() and typed.isascii() and len(typed) < 10 else None
