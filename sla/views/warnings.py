"""Warnings on the screen: the page, the number in the rail, messages on open pages, and what was seen."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from sla import telling, ticks, warning_list
from sla.clocks import KINDS
from sla.models import DeadlineWarning, Told
from sla.policies import Policies
from sla.warning_list import WarningFilter
from sla.warning_words import Words

# Whoever may see how dispatchers keep deadlines may see what they were told.
SEES_ALL = "sla.compare_dispatchers"
MOST_MESSAGES = 3
# Incidents of which an open page must know that they have unread warnings.
MOST_CODES = 200
LONGEST_KEY = 18

may_look = permission_required("incidents.view_incident", raise_exception=True)


@require_safe
@may_look
def warnings(request: Request) -> HttpResponse:
    """One's own warnings, the newest first; managers see everybody's, with what became of each message."""
    now, words = timezone.now(), Words()
    clocks = {key: words.clock(key) for key in (*KINDS, *Policies().newest().document.get("clocks", {}))}
    sees_all = request.user.has_perm(SEES_ALL)
    filters = WarningFilter.read(request.GET, sees_all=sees_all, clocks=clocks)
    after = _number(request.GET.get("after", "")) or None
    context = {
        "now": now,
        "filters": filters,
        "kept": filters.address,
        "sees_all": sees_all,
        "page": warning_list.page(filters, request.user, now, after=after),
        "after": after,
        "clocks": clocks,
        "clock_name": clocks.get(filters.clock, ""),
        "kinds": warning_list.Kind.choices,
        "kind_name": dict(warning_list.Kind.choices).get(filters.kind, ""),
        "days": {key: label for key, (_length, label) in warning_list.DAYS.items()},
        "unread": telling.unread(request.user).count(),
        "standing": ticks.standing(ticks.WARNINGS, now),
    }
    return render(request, "sla/warnings.html", context)


@require_safe
@may_look
def mark(request: Request) -> HttpResponse:
    """The number in the rail, with what an open page must know to ask for messages at the right time."""
    now = timezone.now()
    unread = telling.unread(request.user)
    codes = list(unread.values_list("warning__incident__code", flat=True)[:MOST_CODES])
    context = {
        "count": unread.count() if len(codes) == MOST_CODES else len(codes),
        "codes": list(dict.fromkeys(codes)),
        "newest": _newest(request),
        "standing": ticks.standing(ticks.WARNINGS, now),
        "now": now,
    }
    return render(request, "sla/warning_mark.html", context)


@require_safe
@may_look
def messages(request: Request) -> HttpResponse:
    """What this person was told after a message, and has not seen: the last few as messages of an open page."""
    rows = telling.unread(request.user).filter(pk__gt=_number(request.GET.get("after", "")))
    number = rows.count()
    shown = list(rows.select_related("warning__incident", "warning__promise")[:MOST_MESSAGES])
    words = Words()
    found = [(row, words.title(row.warning), *warning_list.LOOKS[_kind(row)]) for row in reversed(shown) if row.warning]
    context = {"found": found, "more": number - len(shown), "newest": _newest(request)}
    return render(request, "sla/warning_messages.html", context)


@require_POST
@may_look
def see(request: Request) -> HttpResponse:
    """This person has seen one message, those of an incident, or all of them."""
    told, code = _number(request.POST.get("told", "")), request.POST.get("code", "")[:40]
    seen = telling.see(request.user, timezone.now(), keys=[told] if told else None, code=code)
    if request.htmx or request.headers.get("Accept") == "application/json":
        return JsonResponse({"seen": seen})
    return redirect("sla:warnings")


def _kind(row: Told) -> DeadlineWarning.Kind:
    return warning_list.Kind(row.warning.kind if row.warning else warning_list.Kind.NEAR)


def _newest(request: Request) -> int:
    mine = Told.objects.filter(person=request.user, channel=Told.Channel.DESK).order_by("-pk")
    return mine.values_list("pk", flat=True).first() or 0


def _number(said: str) -> int:
    """The key of a row; 0, which none has, for anything else."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < LONGEST_KEY else 0
