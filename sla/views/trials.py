"""What a change of the rules would do, shown before it is saved; a worker counts, the page asks it now and then."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents.errors import DomainError
from sla import changing, rule_differences, rule_rows, trials
from sla.models import PolicyVersion, Trial
from sla.views.rules import keeps_rules


@require_safe
@keeps_rules
def trial(request: Request, pk: int) -> HttpResponse:
    """What changes in words, and for how many incidents."""
    return _drawn(request, get_object_or_404(Trial.objects.select_related("by"), pk=pk))


@require_safe
@keeps_rules
def state(request: Request, pk: int) -> HttpResponse:
    """The count as far as it has come; htmx asks again while it goes on."""
    row = get_object_or_404(Trial, pk=pk)
    return render(request, "sla/rules_trial_state.html", _counted(row))


@require_POST
@keeps_rules
def save(request: Request, pk: int) -> HttpResponse:
    """Put the tried rules in force."""
    row = get_object_or_404(Trial.objects.select_related("by"), pk=pk)
    why = request.POST.get("why", "").strip()[:300]
    if not why:
        return _drawn(request, row, _("Say why: colleagues find it in the history."), status=422)
    try:
        version = trials.save(row, by=request.user, why=why, now=timezone.now())
    except DomainError as refusal:
        return _drawn(request, row, refusal.user_message, why=why, status=409)
    messages.success(request, _("Version %(n)d of the rules is in force.") % {"n": version.number})
    return redirect("sla:rules")


def _drawn(request: Request, row: Trial, error: str = "", why: str = "", status: int = 200) -> HttpResponse:
    base = PolicyVersion.objects.get(number=row.based_on)
    newest = changing.newest()
    is_late = newest.number != row.based_on and row.saved_as is None
    context = {
        **_counted(row),
        "differences": rule_differences.between(base.document, row.document),
        "error": error,
        "why": why or row.why,
        "meanwhile": changing.ChangedMeanwhile(newest).user_message if is_late else "",
        "since": rule_differences.between(base.document, newest.document) if is_late else [],
    }
    return render(request, "sla/rules_trial.html", context, status=status)


def _counted(row: Trial) -> dict[str, object]:
    return {
        "trial": row,
        "examples": rule_rows.examples(row),
        "by_clock": rule_rows.by_clock(row),
        # The slice that is being counted may hold incidents that came since.
        "total": max(row.total, row.seen),
    }
