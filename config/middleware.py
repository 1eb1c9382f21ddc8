"""What every request passes on its way in."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def refuse_nul(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """No address of ours holds a NUL, and PostgreSQL cannot compare with one: 400, wherever it stands."""

    def look(request: HttpRequest) -> None:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in an address")

    def middleware(request: HttpRequest) -> Any:
        look(request)
        return get_response(request)

    async def amiddleware(request: HttpRequest) -> Any:
        look(request)
        return await get_response(request)

    return amiddleware if iscoroutinefunction(get_response) else middleware
