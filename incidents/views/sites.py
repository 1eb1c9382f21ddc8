"""Pages of the registry with what has happened there: the list of poles, one pole, one contractor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.web import Request
from incidents import chronic, contractor_work, site_history, site_neighbours
from incidents.models import Incident
from incidents.paging import Cursor
from mailbox import bad_addresses
from towers import listing, places
from towers.listing import Asked
from towers.models import Contractor, Pole
from towers.regions import region_names

# No code, name or region is longer.
LONGEST_QUESTION = 200
POLES_OF_CONTRACTOR = 25
MAP_SIZE = {"width": 400, "height": 300}
reads_registry = permission_required(("towers.view_pole", "incidents.view_incident"), raise_exception=True)


@require_safe
@reads_registry
def poles(request: Request) -> HttpResponse:
    """The list by code; `after` is the last code of the page before."""
    now = timezone.now()
    asked = Asked(
        text=_said(request, "q"),
        region=_said(request, "region"),
        contractor=_number(request, "contractor"),
        gone=request.GET.get("gone") == "1",
    )
    is_chronic = request.GET.get("chronic") == "1"
    found = listing.parts(asked)
    if is_chronic:
        chronic_poles = chronic.poles(now)
        found = [part.filter(pk__in=chronic_poles) for part in found]
    page = listing.page(found, after=_said(request, "after"))
    context = {
        "asked": asked,
        "is_chronic": is_chronic,
        "is_narrowed": is_chronic or not asked.is_plain,
        "after": _said(request, "after"),
        "next": page.next,
        "regions": region_names(),
        "contractors": Contractor.objects.all(),
        **_with_incidents(page.poles, now),
    }
    return render(request, "incidents/site_poles.html", context)


@require_safe
@reads_registry
def pole(request: Request, code: str) -> HttpResponse:
    """One pole. Its open incidents stand on the first page only, `after` is a place among the closed ones."""
    now = timezone.now()
    found = get_object_or_404(Pole.objects.select_related("contractor"), code=code)
    after = Cursor.parse(request.GET.get("after", ""))
    open_ones = site_history.open_ones(found)
    look = site_neighbours.look_of(open_ones, now)
    near = site_neighbours.load(found, now)
    context = {
        "now": now,
        "pole": found,
        "stations": found.base_stations.order_by("-gone_at", "name").prefetch_related("operators"),
        "year": site_history.year(found, now),
        "open_ones": open_ones[: site_history.OPEN_SHOWN],
        "has_more_open": len(open_ones) > site_history.OPEN_SHOWN,
        "closed": site_history.closed_ones(found, after),
        "is_first": after is None,
        "near": near,
        "failing": [each for each in near if each.look],
        "quiet": [each for each in near if not each.look][: site_neighbours.QUIET_SHOWN],
        "map": site_neighbours.drawn(found, look, near, linked=True, **MAP_SIZE),
        "place": places.place_of(found),
        "neighbour_km": settings.NEIGHBOUR_KM,
    }
    return render(request, "incidents/site_pole.html", context)


@require_safe
@reads_registry
def contractor(request: Request, pk: int) -> HttpResponse:
    """One contractor with its poles, `after` a code as in the list."""
    now = timezone.now()
    found = get_object_or_404(Contractor, pk=pk)
    after = _said(request, "after")
    page = listing.page(listing.parts(Asked(contractor=found.pk)), after=after, size=POLES_OF_CONTRACTOR)
    emails = contractor_work.contacts(found, "contractor_emails")
    context = {
        "contractor": found,
        "phones": contractor_work.contacts(found, "contractor_phones"),
        "emails": emails,
        "bad_emails": bad_addresses.among([each.value for each in emails], now),
        "pole_number": Pole.objects.standing().filter(contractor=found).count(),
        "open_number": contractor_work.open_number(found),
        "open_ones": contractor_work.open_ones(found),
        "month": contractor_work.month(found, now),
        "after": after,
        "next": page.next,
        **_with_incidents(page.poles, now),
    }
    return render(request, "incidents/site_contractor.html", context)


def _with_incidents(found: Sequence[Pole], now: datetime) -> dict[str, Any]:
    """Rows of poles: each with the number of its open incidents and its repeats."""
    ids = [each.pk for each in found]
    counted = Incident.objects.open().filter(pole__in=ids).order_by().values_list("pole").annotate(Count("id"))
    open_numbers = dict(counted)
    repeats = chronic.of_poles(ids, now)
    rows = [(each, open_numbers.get(each.pk, 0), repeats.get(each.pk)) for each in found]
    return {"now": now, "rows": rows}


def _said(request: Request, name: str) -> str:
    return request.GET.get(name, "").strip()[:LONGEST_QUESTION]


def _number(request: Request, name: str) -> int | None:
    """The key of a row in the address; None for what cannot be one."""
    said = _said(request, name)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None
