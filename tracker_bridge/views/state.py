"""How the mirror is doing, and what administrators may do about it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.web import Request
from tracker_bridge.models import Mirror
from tracker_bridge.views.doors import may_look


@require_safe
@may_look
def state(request: Request, mirror: Mirror) -> HttpResponse:
    """The page."""
    return render(request, "tracker_bridge/state.html", {"mirror": mirror, "now": timezone.now()})
