"""The letter of the week: what it says, who gets it, and one for whoever cannot wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from mailbox import accounts, letter_html
from mailbox.outbox import SendingIsOff
from sla import weekly, weekly_letter
from sla.models import WeeklyLetter, WeeklyRefusal
from sla.weekly import WEEK

sees_weeks = permission_required("sla.compare_dispatchers", raise_exception=True)
# Weeks that can be looked at, and those that are listed as sent.
MOST_BACK, SENT = timedelta(days=2 * 366), 8
# Nothing runs or loads in the letter; links open a window of their own, the page may measure the frame.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The week of an address, with its neighbours as far as they are over."""

    first: date
    last: date
    earlier: date | None
    later: date | None


@require_safe
@sees_weeks
def week(request: Request) -> HttpResponse:
    now = timezone.now()
    context = {
        "now": now,
        "week": _week(request, now),
        "readers": weekly_letter.readers(),
        "is_refused": WeeklyRefusal.objects.filter(person=request.user).exists(),
        "sent": WeeklyLetter.objects.prefetch_related("letters").order_by("-week")[:SENT],
        "next_at": weekly_letter.next_at(now),
        "has_letters": accounts.is_possible(),
        "has_address": bool(settings.DESK_URL),
    }
    return render(request, "sla/weekly.html", context)


@require_safe
@sees_weeks
def letter(request: Request) -> HttpResponse:
    """The letter itself, for a frame."""
    now = timezone.now()
    words = weekly_letter.words(weekly.of(_week(request, now).first, now))
    page = letter_html.page(words.html).replace("<head>", '<head><base target="_blank">', 1)
    response = HttpResponse(page)
    response["Content-Security-Policy"] = _POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@sees_weeks
def send_to_me(request: Request) -> HttpResponse:
    now = timezone.now()
    try:
        sent = weekly_letter.send_to(request.user, _week(request, now).first, now)
    except SendingIsOff:
        messages.error(request, _("No server for outgoing letters is set up, so nothing can be sent."))
        return _back(request)
    if sent:
        messages.success(request, _("The letter is on its way to %(address)s.") % {"address": request.user.email})
    else:
        messages.error(request, _("Your own account here has no e-mail address. Enter one, then try again."))
    return _back(request)


@require_POST
@sees_weeks
def choose(request: Request) -> HttpResponse:
    """`wanted=1`: the letter comes every week; anything else: it does not."""
    if request.POST.get("wanted") == "1":
        weekly_letter.want(request.user)
        messages.success(request, _("The letter of the week will come to you."))
    else:
        weekly_letter.refuse(request.user, timezone.now())
        messages.success(request, _("The letter of the week will not come to you any more."))
    return _back(request)


def _week(request: Request, now: datetime) -> Shown:
    """The week that the address names by one of its days, as far as it is over; else the last one."""
    last = weekly.last_whole(now)
    first = _monday(request.GET.get("week") or request.POST.get("week") or "") or last
    if not last - MOST_BACK <= first <= last:
        first = last
    return Shown(
        first,
        first + WEEK - timedelta(days=1),
        first - WEEK if first - WEEK >= last - MOST_BACK else None,
        first + WEEK if first < last else None,
    )


def _monday(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    return day - timedelta(days=day.weekday())


def _back(request: Request) -> HttpResponse:
    monday = _monday(request.POST.get("week", ""))
    return redirect(reverse("sla:weekly") + (f"?week={monday}" if monday else ""))
