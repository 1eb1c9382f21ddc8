"""Who may come in. Without a tracker in the settings there is no such page at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.utils import timezone

from config.web import Request
from tracker_bridge import mirrors
from tracker_bridge.models import Mirror
from tracker_bridge.rights import ACTS, LOOKS

P = ParamSpec("P")
# What a page of the mirror is given: the request, and the mirror that the settings name.
Page = Callable[Concatenate[Request, Mirror, P], HttpResponse]


def may_look(page: Page[P]) -> Callable[Concatenate[Request, P], HttpResponse]:
    """For managers and administrators."""
    return permission_required(LOOKS, raise_exception=True)(_with_mirror(page))


def may_act(page: Page[P]) -> Callable[Concatenate[Request, P], HttpResponse]:
    """For administrators."""
    return permission_required(ACTS, raise_exception=True)(_with_mirror(page))


def _with_mirror(page: Page[P]) -> Callable[Concatenate[Request, P], HttpResponse]:
    @wraps(page)
    def opened(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        mirror = mirrors.row(timezone.now())
        if mirror is None:
            raise Http404
        return page(request, mirror, *args, **kwargs)

    return opened
