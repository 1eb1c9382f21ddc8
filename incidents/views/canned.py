"""Canned answers: the page where they are written, and the list from which they come into a letter."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.web import Request
from incidents import canned, saved_views
from incidents.errors import DomainError
from incidents.letter_variables import VARIABLES
from incidents.models import CannedAnswer
from incidents.views.card import _find as find
from incidents.views.card import works_incidents


@require_safe
@works_incidents
def choices(request: Request, code: str) -> HttpResponse:
    """The answers as they would stand in a letter about this incident."""
    answers = canned.filled(find(code), request.user, now=timezone.now())
    return render(request, "incidents/_reply_canned.html", {"answers": answers})


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
def page(request: Request) -> HttpResponse:
    """All answers of this person, and the form for another one."""
    if request.method == "POST":
        return _save(request, None)
    return _show(request, {"text": request.GET.get("text", "")})


@require_http_methods(["GET", "HEAD", "POST"])
@works_incidents
def change(request: Request, pk: int) -> HttpResponse:
    """One answer, to be written anew."""
    answer = get_object_or_404(canned.of_person(request.user), pk=pk)
    if request.method == "POST":
        return _save(request, answer)
    values = {"name": answer.name, "text": answer.text, "is_shared": answer.owner_id is None}
    return _show(request, values, changing=answer)


@require_POST
@works_incidents
def remove(request: Request, pk: int) -> HttpResponse:
    answer = get_object_or_404(canned.of_person(request.user), pk=pk)
    try:
        canned.remove(request.user, answer)
        messages.success(request, _("Removed: “%(name)s”.") % {"name": answer.name})
    except DomainError as error:
        messages.error(request, error.user_message)
    return redirect("incidents:canned")


def _save(request: Request, answer: CannedAnswer | None) -> HttpResponse:
    name, text, is_shared = request.POST.get("name", ""), request.POST.get("text", ""), "shared" in request.POST
    try:
        saved = canned.save(
            request.user, name, text.replace("\0", ""), is_shared=is_shared, at=timezone.now(), answer=answer
        )
    except DomainError as error:
        values = {"name": name, "text": text, "is_shared": is_shared, "error": error.user_message}
        return _show(request, values, changing=answer, status=422)
    messages.success(request, _("Saved: “%(name)s”.") % {"name": saved.name})
    return redirect("incidents:canned")


def _show(
    request: Request, values: dict[str, Any], *, changing: CannedAnswer | None = None, status: int = 200
) -> HttpResponse:
    answers = list(canned.of_person(request.user)[: canned.MOST])
    context = {
        "rows": [(each, canned.may_change(request.user, each)) for each in answers],
        "values": values,
        "changing": changing,
        "may_change": changing is None or canned.may_change(request.user, changing),
        "may_share": saved_views.may_share(request.user),
        "variables": [each for each in VARIABLES.values() if not each.items],
        "longest": canned.LONGEST_NAME,
    }
    return render(request, "incidents/canned.html", context, status=status)
