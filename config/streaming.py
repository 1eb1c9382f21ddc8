"""Files go out piece by piece under ASGI too; left alone, Django reads all of a file before its first byte is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

# Bytes read at once: a thread is asked for each piece.
PIECE = 256 * 1024

Handler = Callable[[HttpRequest], HttpResponseBase]


def streamed(get_response: Handler) -> Handler:
    """The first of all middleware: an answer made of a file or a generator is sent while it is read."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(request, ASGIRequest) and isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _pieces(response.streaming_content)
        return response

    return middleware


async def _pieces(content: Any) -> AsyncIterator[bytes]:
    parts = iter(content)
    while piece := await sync_to_async(_read)(parts):
        yield piece


def _read(parts: Iterator[bytes]) -> bytes:
    """The next bytes, nothing at the end."""
    taken, size = [], 0
    for part in parts:
        taken.append(part)
        size += len(part)
        if size >= PIECE:
            break
    return b"".join(taken)
