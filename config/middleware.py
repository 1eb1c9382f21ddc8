"""What every request passes on its way in, and every answer on its way out."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.decorators import sync_and_async_middleware


def _look(request: HttpRequest) -> None:
    # No address of ours holds a NUL, and PostgreSQL cannot compare with one.
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise BadRequest("NUL in an address")


def _keep(response: HttpResponseBase) -> HttpResponseBase:
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, private=True, no_cache=True)
    return response


@sync_and_async_middleware
def guard(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Addresses with a NUL get 400; answers that say nothing of caches are for the one who asked, now."""

    def middleware(request: HttpRequest) -> Any:
        _look(request)
        return _keep(get_response(request))

    async def amiddleware(request: HttpRequest) -> Any:
        _look(request)
        return _keep(await get_response(request))

    return amiddleware if iscoroutinefunction(get_response) else middleware
