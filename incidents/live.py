"""/events/: what happens to incidents, told to open pages as Server-Sent Events.

Only ids travel; the page asks for the fragment it shows, and permission is checked there. One process listens to
PostgreSQL once, whatever the number of pages, and no page holds a database connection.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from http import HTTPStatus

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from incidents.live_hub import RESYNC, Client, Message, hub
from incidents.models import IncidentEvent

HEARTBEAT = 15.0
# A session that ended loses its stream after this time at the latest.
RECHECK = 30.0
# A page that missed more is told to load itself again.
MOST_REPLAYED = 200
# Transactions commit in another order than they took their event ids, so a replay reaches back this far.
OVERLAP = 20
TEXT = "text/plain; charset=utf-8"


@login_not_required  # a redirect to the sign-in page would mean nothing to an EventSource
@require_safe
async def events(request: HttpRequest) -> HttpResponseBase:
    """The stream of a signed-in person who may read incidents.

    `Last-Event-ID` (or `?after=` when a page opens it for the first time) brings what was missed.
    """
    if not isinstance(request, ASGIRequest):
        words = "Live events need an ASGI server: run uvicorn config.asgi:application for /events/.\n"
        return HttpResponse(words, TEXT, HTTPStatus.SERVICE_UNAVAILABLE)
    given = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 19):
        return HttpResponse("Last-Event-ID is the number of an event.\n", TEXT, HTTPStatus.BAD_REQUEST)
    if not await sync_to_async(may_listen)(request):
        return HttpResponse("Sign in as somebody who may read incidents.\n", TEXT, HTTPStatus.FORBIDDEN)
    response = StreamingHttpResponse(_stream(request, int(given or 0)), content_type="text/event-stream")
    # Neither a browser nor nginx may keep the stream back.
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def may_listen(request: HttpRequest) -> bool:
    """Whether the request's session is alive now and belongs to somebody who may read incidents.

    Asked again and again while the stream runs, so it looks at the database, not at what the request remembers.
    """
    fresh = HttpRequest()
    fresh.session = type(request.session)(request.session.session_key)
    person = get_user(fresh)
    allowed = person.is_authenticated and person.has_perm("incidents.view_incident")
    connection.close()
    return allowed


def still_may_listen(request: HttpRequest) -> bool:
    """The same, but a database that is away for a moment ends no stream: nothing comes through it meanwhile."""
    try:
        return may_listen(request)
    except OperationalError:
        return True


async def _stream(request: HttpRequest, after: int) -> AsyncIterator[bytes]:
    here = hub()
    client = here.join()
    try:
        # Pages that lost the same server do not come back in the same moment.
        yield f"retry: {random.randint(1000, 4000)}\n: open\n\n".encode()
        await here.is_listening()
        replayed = await sync_to_async(missed_since)(after) if after else []
        for message in replayed:
            yield message.encode()
        async for piece in _live(request, client, {message.event for message in replayed}):
            yield piece
    finally:
        here.leave(client)


async def _live(request: HttpRequest, client: Client, told: set[int]) -> AsyncIterator[bytes]:
    recheck_at = time.monotonic() + RECHECK
    while True:
        try:
            async with asyncio.timeout(min(HEARTBEAT, max(0.0, recheck_at - time.monotonic()))):
                message = await client.next()
        except TimeoutError:
            message = None
        if time.monotonic() >= recheck_at:
            if not await sync_to_async(still_may_listen)(request):
                return
            recheck_at = time.monotonic() + RECHECK
        if message is None:
            yield b": beat\n\n"
        elif message.event not in told or message.name == RESYNC:
            yield message.encode()


def missed_since(last: int) -> list[Message]:
    """The events after this one, oldest first; a single `resync` when they are too many to tell."""
    rows = IncidentEvent.objects.filter(pk__gt=last - OVERLAP).exclude(pk=last).order_by("pk")
    found = list(rows.values_list("pk", "incident__code", "kind")[: MOST_REPLAYED + 1])
    if len(found) > MOST_REPLAYED:
        newest = IncidentEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or last
        found_messages = [Message.resync(newest)]
    else:
        found_messages = [Message.of(pk, code, kind) for pk, code, kind in found]
    connection.close()
    return found_messages
