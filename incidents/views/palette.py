"""What the palette asks while somebody types, and before: one address, a fragment each time."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from config.web import Request
from incidents import palette, saved_views


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def answer(request: Request) -> HttpResponse:
    """What `q` may mean; without it what this person looked at last, and all pages and deeds.

    The browser knows what that was: `recent`, the codes; the incident of its page is `here` and needs no way to it.
    """
    text = request.GET.get("q", "")
    response = _found(request, text) if text.strip() else _start(request)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _found(request: Request, text: str) -> HttpResponse:
    found = palette.find(text, sees_sites=request.user.has_perm("towers.view_pole"))
    return render(request, "incidents/palette_found.html", {"found": found})


def _start(request: Request) -> HttpResponse:
    codes = request.GET.get("recent", "").replace("\0", "").split(",")
    recent = palette.recent(codes)
    context = {
        "recent": recent,
        "mine": palette.mine(request.user, besides=[*(each.code for each in recent), request.GET.get("here", "")]),
        "views": saved_views.visible_to(request.user),
    }
    return render(request, "incidents/palette_start.html", context)
