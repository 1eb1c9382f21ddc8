"""One deed on the chosen rows of the desk, and what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import bulk
from incidents.bulk import Result
from incidents.bulk_forms import BulkForm, TakeBackForm
from incidents.views.card import works_incidents


@require_POST
@works_incidents
def carry_out(request: Request) -> HttpResponse:
    """Do it to all that are chosen. A page of its own, or a dialog on the desk, names what was refused."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.first_error())
        return render(request, "incidents/bulk_answer.html") if request.htmx else redirect(_back(request))
    now = timezone.now()
    result = bulk.carry_out(form.cleaned_data["rows"], form.cleaned_data["deed"], by=request.user, at=now)
    if result.done:
        can_be_undone, words = form.cleaned_data["deed"].can_be_undone, _said(result)
        if can_be_undone:
            said = {"said": words, "result": result, "at": now, "back": _back(request)}
            words = render_to_string("incidents/bulk_done.html", said, request)
        messages.success(request, words, extra_tags="undo" if can_be_undone else "")
    return _answer(request, result)


@require_POST
@works_incidents
def take_back(request: Request) -> HttpResponse:
    """Undo for all, by the message that said what was done."""
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.first_error())
        return render(request, "_messages.html") if request.htmx else redirect(_back(request))
    said = form.cleaned_data
    result = bulk.take_back(said["codes"], said["at"], by=request.user, at=timezone.now())
    if result.done:
        n = len(result.done)
        words = ngettext("Undone: %(n)d incident.", "Undone: %(n)d incidents.", n)
        messages.success(request, words % {"n": n})
    return _answer(request, result)


def _answer(request: Request, result: Result) -> HttpResponse:
    if request.htmx:
        return render(request, "incidents/bulk_answer.html", {"result": result})
    if not result.refused:
        return redirect(_back(request))
    return render(request, "incidents/bulk_page.html", {"result": result, "back": _back(request)})


def _said(result: Result) -> str:
    n = len(result.done)
    return ngettext("Done: %(n)d incident.", "Done: %(n)d incidents.", n) % {"n": n}


def _back(request: Request) -> str:
    """The list the rows were chosen in; never another site."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else reverse("incidents:desk")
