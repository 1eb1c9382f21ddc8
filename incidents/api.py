"""GET /api/v1/incidents/ and /{id}/: the contract of the system that Dispatch replaces, kept word for word."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import caches
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.db.models import Q
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from incidents import api_parameters, api_rows, api_schema
from incidents.models import Incident
from incidents.queries import IncidentQuerySet

# Rows asked of the database, written and forgotten before the next ones; at most this many are in memory.
CHUNK = 2000


class OpenOrReader(BasePermission):
    """Everybody while the setting API_OPEN says so; else people who may read incidents."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return settings.API_OPEN or (request.user.is_authenticated and request.user.has_perm("incidents.view_incident"))


class StrangersThrottle(AnonRateThrottle):
    """So many calls a minute from one address that has not signed in; API_CALLS_PER_MINUTE=0 lifts it."""

    cache = caches["calls"]

    def get_rate(self) -> str | None:
        calls: int = settings.API_CALLS_PER_MINUTE
        return f"{calls}/min" if calls else None


class JsonOnly(BaseContentNegotiation):
    """JSON for everybody, whatever an old client says it accepts."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ContractView(APIView):
    content_negotiation_class = JsonOnly
    authentication_classes = (SessionAuthentication,)
    permission_classes = (OpenOrReader,)
    throttle_classes = (StrangersThrottle,)


class IncidentList(ContractView):
    @extend_schema(**api_schema.LIST)
    def get(self, request: Request) -> HttpResponseBase:
        """All incidents, newest first, as one plain array; `limit` or `cursor` turn paging on."""
        now = timezone.now()
        asked = api_parameters.read(request.query_params, now=now)
        incidents = _chosen(asked)
        if asked.limit is not None:
            return Response(_page(request, incidents, asked, now))
        chunks = _chunks(incidents, now)
        # The first rows are read here, so that a database that is down answers 500, not half an array.
        first = next(chunks)
        streamed = _astream(first, chunks) if isinstance(request._request, ASGIRequest) else _stream(first, chunks)
        return StreamingHttpResponse(streamed, content_type="application/json")


class IncidentDetail(ContractView):
    @extend_schema(**api_schema.DETAIL)
    def get(self, request: Request, pk: int) -> Response:
        """One incident."""
        api_parameters.read_none(request.query_params)
        columns = api_rows.newest_first(Incident.objects.filter(pk=pk))[:1]
        for row in api_rows.as_contract(columns, now=timezone.now()):
            return Response(row)
        raise Http404


def _chosen(asked: api_parameters.Asked) -> IncidentQuerySet:
    incidents = Incident.objects.all()
    if asked.since:
        incidents = incidents.filter(opened_at__gte=asked.since)
    if asked.until:
        incidents = incidents.filter(opened_at__lte=asked.until)
    return _after(incidents, asked.after)


def _after(incidents: IncidentQuerySet, place: api_parameters.Place | None) -> IncidentQuerySet:
    """Those behind a place in the order newest first. Both conditions name the index's first column."""
    if place is None:
        return incidents
    moment, pk = place
    return incidents.filter(Q(opened_at__lt=moment) | Q(opened_at=moment, pk__lt=pk), opened_at__lte=moment)


def _page(request: Request, incidents: IncidentQuerySet, asked: api_parameters.Asked, now: datetime) -> dict[str, Any]:
    assert asked.limit is not None
    columns = list(api_rows.newest_first(incidents)[: asked.limit + 1])
    more, shown = len(columns) > asked.limit, columns[: asked.limit]
    here = request.build_absolute_uri()
    cursor = api_parameters.write_place(shown[-1]["opened_at"], shown[-1]["id"]) if more else ""
    return {
        "next": replace_query_param(here, "cursor", cursor) if more else None,
        "results": api_rows.as_contract(shown, now=now),
    }


def _chunks(incidents: IncidentQuerySet, now: datetime) -> Iterator[list[api_rows.Row]]:
    """Rows by CHUNK, each by a query of its own behind the last row: no connection waits for a slow reader."""
    place: api_parameters.Place | None = None
    while True:
        columns = list(api_rows.newest_first(_after(incidents, place))[:CHUNK])
        yield api_rows.as_contract(columns, now=now)
        if len(columns) < CHUNK:
            return
        place = columns[-1]["opened_at"], columns[-1]["id"]


def _stream(first: list[api_rows.Row], others: Iterator[list[api_rows.Row]]) -> Iterator[bytes]:
    yield b"["
    yield _written(first)
    for rows in others:
        _release()
        if rows:
            yield b"," + _written(rows)
    yield b"]"


async def _astream(first: list[api_rows.Row], others: Iterator[list[api_rows.Row]]) -> AsyncIterator[bytes]:
    yield b"["
    yield await sync_to_async(_written)(first)
    while (piece := await sync_to_async(_next_piece)(others)) is not None:
        yield piece
    yield b"]"


def _next_piece(others: Iterator[list[api_rows.Row]]) -> bytes | None:
    rows = next(others, None)
    _release()
    if rows is None:
        return None
    return b"," + _written(rows) if rows else b""


def _release() -> None:
    """Give the connection back while a reader takes what is written; inside a transaction it stays."""
    if not connection.in_atomic_block:
        connection.close()


def _written(rows: list[api_rows.Row]) -> bytes:
    """The rows without the brackets of their array."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


urlpatterns = [
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<int:pk>/", IncidentDetail.as_view(), name="incident"),
]
app_name = "api"

schema = SpectacularAPIView.as_view(permission_classes=[OpenOrReader], authentication_classes=[SessionAuthentication])
docs = SpectacularSwaggerSplitView.as_view(
    permission_classes=[OpenOrReader],
    authentication_classes=[SessionAuthentication],
    template_name="incidents/api_docs.html",
    url_name="api-schema",
)
