"""The registry by itself: its synchronisation, and what autocomplete asks. Pages of poles: incidents.views.sites."""

from __future__ import annotations

from dataclasses import dataclass

from celery import current_app
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from config.web import Request
from towers import queries, runs, sync
from towers.models import BaseStation, Contractor, Pole, SyncRun

RUNS_SHOWN = 20
# No code, name or region is longer.
LONGEST_QUESTION = 200


def _asked(request: Request, name: str) -> str:
    """A value of the address, as PostgreSQL can be asked about it."""
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST_QUESTION]


@require_safe
@permission_required("towers.view_pole", raise_exception=True)
def complete(request: Request) -> HttpResponse:
    """Up to ten options for a typed beginning of a pole's code or a station's name."""
    text = _asked(request, "q")
    found: dict[str, object] = {"text": text}
    if request.GET.get("kind") == "station":
        found["stations"] = queries.stations_like(text)
    else:
        found["poles"] = queries.poles_like(text)
    return render(request, "towers/_options.html", found)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the registry holds."""

    poles: int
    stations: int
    contractors: int
    gone: int


@require_safe
@permission_required("towers.view_pole", raise_exception=True)
def synchronisation(request: Request) -> HttpResponse:
    """The last runs. A page that asks with the stamp it has seen gets an answer only when there is news."""
    newest = list(SyncRun.objects.order_by("-id")[:RUNS_SHOWN])
    stamp = runs.stamp(newest)
    if request.htmx and request.GET.get("seen") == stamp:
        return HttpResponse(status=204)
    context = {
        "runs": [runs.shown(run) for run in newest],
        "stamp": stamp,
        "running": bool(newest) and newest[0].state == SyncRun.State.RUNNING,
        "configured": sync.is_configured(),
        "now": timezone.now(),
    }
    if request.htmx:
        return render(request, "towers/_runs.html", context)
    standing = Standing(
        poles=Pole.objects.standing().count(),
        stations=BaseStation.objects.filter(gone_at=None).count(),
        contractors=Contractor.objects.count(),
        gone=Pole.objects.exclude(gone_at=None).count(),
    )
    return render(request, "towers/sync.html", {**context, "standing": standing})


@require_POST
@permission_required("towers.add_syncrun", raise_exception=True)
def start_sync(request: Request) -> HttpResponse:
    """Ask a worker for a synchronisation now."""
    if not sync.is_configured():
        messages.error(request, str(sync.NotConfigured().user_message))
        return redirect("towers:sync")
    try:
        # Nobody wants one that was asked for an hour ago.
        current_app.send_task("towers.tasks.sync_towers", expires=3600)
    except OperationalError:
        messages.error(
            request,
            _("The broker does not answer, so no worker can be asked. Start it, or run: manage.py sync_towers"),
        )
    else:
        messages.success(request, _("A worker has been asked. The run will appear here when it takes it up."))
    return redirect("towers:sync")
