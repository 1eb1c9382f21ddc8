"""How the mirror is doing, and what administrators may do about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import current_app
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from config.web import Request
from incidents import clocks
from tracker_bridge import alarms, budget, health, mirrors, numbers, pace
from tracker_bridge.models import Import, Job, Mirror
from tracker_bridge.rights import ACTS
from tracker_bridge.views.doors import may_act, may_look
from tracker_bridge.views.jobs import KINDS

# When this person asked for a check: the page says so until it has come, for at most so long.
_ASKED, CHECKING = "tracker_check", timedelta(minutes=1)
# A finished import is worth a look for so long.
IMPORT_SHOWN = timedelta(days=7)
SHORT = 120


@require_safe
@may_look
def state(request: Request, mirror: Mirror) -> HttpResponse:
    """The page, and for htmx what changes on it, asked for every few seconds."""
    now, name = timezone.now(), mirror.backend
    standing, running = health.of(mirror, now), _import(name, now)
    is_checking = _is_checking(request, mirror, now)
    waiting, done = numbers.waiting(name), numbers.done(name, now)
    context = {
        "now": now,
        "mirror": mirror,
        "standing": standing,
        "warnings": alarms.of_token(now),
        "is_off": mirror.state == Mirror.State.OFF,
        "may_ask": mirror.state == Mirror.State.AWAY or (mirror.paused_until and mirror.paused_until > now),
        "waiting": waiting,
        "oldest": _length(now - waiting.since) if waiting.since else "",
        "read": _length(now - mirror.read_at) if mirror.read_at else "",
        # Nobody is told of less than a second.
        "behind": int(pace.seconds_behind(name)) if waiting.number else 0,
        "files": numbers.files_on_their_way(name),
        "dead": numbers.dead(name),
        "done": [(KINDS[Job.Kind(kind)], number) for kind, number in done.items()],
        "done_number": sum(done.values()),
        "links": numbers.links(name),
        "conflicts": numbers.conflicts(name, now),
        "nearing": budget.nearing(name),
        "problems": mirror.problems,
        "is_checking": is_checking,
        "running": running,
        "is_cut_off": running is not None and running.is_cut_off(now),
        "is_moving": is_checking or (running is not None and running.ended_at is None),
        "may_act": request.user.has_perm(ACTS),
    }
    return render(request, "tracker_bridge/_state.html" if request.htmx else "tracker_bridge/state.html", context)


def _import(backend: str, now: datetime) -> Import | None:
    """The last one, while it is at work and some days longer."""
    last = Import.objects.filter(backend=backend).order_by("-pk").first()
    return last if last and (last.ended_at is None or now - last.ended_at < IMPORT_SHOWN) else None


def _length(length: timedelta) -> str:
    """To the second while it is short."""
    seconds = max(int(length.total_seconds()), 0)
    return _("%(n)d s") % {"n": seconds} if seconds < SHORT else clocks.brief(length)


def _is_checking(request: Request, mirror: Mirror, now: datetime) -> bool:
    asked = parse_datetime(request.session.get(_ASKED, ""))
    if asked is None or now - asked > CHECKING:
        return False
    return mirror.checked_at is None or mirror.checked_at < asked


@require_POST
@may_act
def switch(request: Request, mirror: Mirror) -> HttpResponse:
    """Stop the mirror (`on=0`), or let it go on (`on=1`)."""
    on = request.POST.get("on") == "1"
    if mirrors.switch(mirror, on=on, by=request.user, now=timezone.now()):
        said = _("The mirror goes on: what waited is told now.") if on else _("The mirror is switched off. Jobs wait.")
        messages.success(request, said)
    if on:
        _send(request, "push", "pull")
    return redirect("tracker_bridge:state")


@require_POST
@may_act
def check(request: Request, mirror: Mirror) -> HttpResponse:
    """Look at once whether all that the settings name is over there."""
    if _send(request, "check"):
        request.session[_ASKED] = timezone.now().isoformat()
    return redirect("tracker_bridge:state")


@require_POST
@may_act
def ask(request: Request, mirror: Mirror) -> HttpResponse:
    """Ask the tracker at once, whatever pause it wanted."""
    mirrors.ask_now(mirror)
    if _send(request, "push", "pull"):
        messages.success(request, _("The tracker is asked again now."))
    return redirect("tracker_bridge:state")


def _send(request: Request, *tasks: str) -> bool:
    """False if the broker does not answer; the clock does it later all the same."""
    try:
        for name in tasks:
            current_app.send_task(f"tracker_bridge.tasks.{name}", expires=60)
    except OperationalError:
        messages.warning(request, _("The broker does not answer: it is done when it is back."))
        return False
    return True
