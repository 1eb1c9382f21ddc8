"""The map of open incidents: the page with the list beside it, and the points that the page draws."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from config.web import Request
from incidents import map_nearby, map_points, map_states
from incidents.fields import Choices
from incidents.filters import ORDERS, DeskFilter
from incidents.map_lists import Where, what_is_wrong
from incidents.map_points import Row
from incidents.map_regions import FILE
from incidents.map_states import BY_LETTER, State
from incidents.models import Incident
from incidents.paging import Cursor, Page, page
from incidents.views.desk import _controls

MOST_CODES = 200
# The part of the page that is asked for alone, by its id.
SIDE = "side"


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the legend: how many incidents are in the state, and the link that hides or shows them."""

    state: State
    number: int
    is_shown: bool
    address: str


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def world(request: Request) -> HttpResponse:
    """The whole page; all but the map for a boosted link; the list alone where only it changes."""
    now = timezone.now()
    choices = Choices(request.user)
    filters = map_points.of_map(DeskFilter.read(request.GET, choices))
    hidden = map_states.read_hidden(request.GET.get("hide", ""))
    kept = filters.address
    if hidden:
        kept["hide"] = map_states.said_hidden(hidden)
    where = Where.read(request.GET)
    context: dict[str, Any] = {"now": now, "filters": filters, "kept": kept, "where": where}
    is_side = request.htmx.target == SIDE
    rows: list[Row] = []
    if where is None or where.is_nowhere or not is_side:
        rows = map_points.load(filters, request.user, now)
        context["summary"] = map_points.summary(rows, hidden)
    if where:
        context |= _list(request, filters, where, rows, hidden, now)
        sites = context["sites"]
        if len(sites) == 1:
            context |= {"near_km": map_nearby.KM, "near": map_nearby.around(sites[0], filters, request.user, now)}
        context["desk_query"] = where.on_the_desk(filters.address, sites)
    if is_side:
        return _private(render(request, "incidents/map_side.html", context))
    context |= _controls(filters, choices, kept)
    context["legend"] = _legend(context["summary"].states, hidden, kept, where)
    context["hidden"] = "".join(sorted(hidden))
    if request.htmx.boosted and not request.htmx.history_restore_request:
        return _private(render(request, "incidents/map_switch.html", context))
    context |= {"outlines": FILE, "tiles": settings.MAP_TILES, "states": map_states.STATES}
    return _private(render(request, "incidents/map.html", context))


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def points(request: Request) -> HttpResponseBase:
    """Where the open incidents stand; with `codes` those among them, so that one that is not told of is gone."""
    filters = map_points.of_map(DeskFilter.read(request.GET, Choices(request.user)))
    codes = [code for code in request.GET.get("codes", "").split(",") if code][:MOST_CODES]
    rows = map_points.load(filters, request.user, timezone.now(), codes)
    body = json.dumps(map_points.packed(rows), ensure_ascii=False, separators=(",", ":")).encode()
    # Weak, since it is the same for the compressed answer.
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    answer = get_conditional_response(request, etag=etag, response=_private(_compressed(request, body)))
    assert answer is not None  # it is the response, or the word that nothing has changed
    answer["ETag"] = etag
    return answer


def _compressed(request: Request, body: bytes) -> HttpResponse:
    """Hardly compressed: a higher level takes longer than it saves on the way."""
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(body, content_type="application/json")
    packed = gzip.compress(body, compresslevel=1, mtime=0)
    return HttpResponse(packed, content_type="application/json", headers={"Content-Encoding": "gzip"})


def _list(
    request: Request, filters: DeskFilter, where: Where, rows: list[Row], hidden: frozenset[str], now: datetime
) -> dict[str, Any]:
    """The incidents asked for, those with the nearest deadline first."""
    shown = _page(request, filters, where, rows, hidden, now)
    lines = [
        (incident, BY_LETTER[incident.map_state], what_is_wrong(incident) if where.is_nowhere else "")  # type: ignore[attr-defined]
        for incident in shown.rows
    ]
    return {"lines": lines, "page": shown, "sites": where.sites}


def _page(
    request: Request, filters: DeskFilter, where: Where, rows: list[Row], hidden: frozenset[str], now: datetime
) -> Page:
    asked = where.asks(rows)
    parts = [
        part.filter(asked).annotate(map_state=map_states.state_of(now)).exclude(map_state__in=hidden)
        for part in filters.apply(Incident.objects.open().for_rows().defer("reading"), request.user, now)
    ]
    after, before = (Cursor.parse(request.GET.get(name, "")) for name in ("after", "before"))
    return page(parts, ORDERS["due"], after=after, before=before)


def _legend(states: list[tuple[State, int]], hidden: frozenset[str], kept: QueryDict, where: Where | None) -> list[Key]:
    keys = []
    for state, number in states:
        address = kept.copy()
        address.update(where.address if where else {})
        said = map_states.said_hidden(hidden ^ {state.letter})
        address.pop("hide", None)
        # All hidden at once mean none.
        if map_states.read_hidden(said):
            address["hide"] = said
        keys.append(Key(state, number, state.letter not in hidden, "?" + address.urlencode()))
    return keys


def _private(response: HttpResponse) -> HttpResponse:
    """One address has several answers, and none of them is for anybody else's cache."""
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Cookie", "Accept-Encoding"])
    patch_cache_control(response, private=True, no_cache=True)
    return response
