"""The present list as a file, written while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import permission_required
from django.http import Http404, StreamingHttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from config.web import Request
from incidents import exporting
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.models import Incident


@require_GET
@permission_required("incidents.view_incident", raise_exception=True)
def export(request: Request, form: str) -> StreamingHttpResponse:
    """What the same words of the address show on the desk, all pages of it, as `csv` or `xlsx`."""
    if form not in exporting.FORMS:
        raise Http404
    write, kind = exporting.FORMS[form]
    now = timezone.now()
    filters = DeskFilter.read(request.GET, Choices(request.user))
    parts = filters.apply(Incident.objects.for_rows().defer("reading"), request.user, now)
    rows = exporting.lines(parts, filters.order, now=now, zone=timezone.get_current_timezone())
    name = f"incidents-{timezone.localtime(now):%Y-%m-%d-%H%M}.{form}"
    answer = StreamingHttpResponse(_sent(lambda: write(rows)), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


async def _sent(begin: Callable[[], Iterator[bytes]]) -> AsyncIterator[bytes]:
    """Each piece is made in the request's own thread, in the reader's language; in between the server is free."""
    language = translation.get_language()

    def next_of(pieces: Iterator[bytes]) -> bytes | None:
        with translation.override(language):
            return next(pieces, None)

    pieces = begin()
    while (piece := await sync_to_async(next_of)(pieces)) is not None:
        yield piece
