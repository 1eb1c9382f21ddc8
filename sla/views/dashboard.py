"""The dashboard, its whole tables, and the fragments by which it stays fresh."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_GET, require_safe

from config.web import Request
from incidents import chips, exporting
from incidents.clocks import zone_name
from incidents.fields import Choices
from sla import dashboard_page, dashboard_tables, exports
from sla.dashboard_address import Address
from sla.dashboard_tables import HEADINGS, TITLES, WORST

sees_dashboard = permission_required("sla.view_dashboard", raise_exception=True)
DAYS = ("p", "from", "to")
# What an address may ask for instead of the whole page.
FIGURES, BREAKDOWN = "figures", "breakdown"


@require_safe
@sees_dashboard
def dashboard(request: Request) -> HttpResponse:
    """The page; with `part=figures` all of its numbers anew, with `part=breakdown` the second table alone."""
    now = timezone.now()
    choices = Choices(request.user)
    address = Address.read(request.GET, choices, timezone.localdate(now))
    dimension = dashboard_page.second(request.GET.get("by", ""), request.user)
    context: dict[str, Any] = {
        "now": now,
        "address": address,
        "kept": address.kept,
        "dimensions": [(name, TITLES[name]) for name in dashboard_tables.dimensions(request.user)[1:]],
        "headings": HEADINGS,
    }
    if request.GET.get("part") == BREAKDOWN:
        context["table"] = dashboard_page.breakdown(address, dashboard_page.links_of(address), dimension, now)
        return _private(render(request, "sla/dashboard_breakdown.html", context))
    context["shown"] = dashboard_page.ask(address, choices, now, dimension=dimension)
    context["table"] = context["shown"].breakdown
    context["fresh_at"] = timezone.localtime(context["shown"].fresh_at or now)
    context["zone"] = zone_name(context["fresh_at"])
    if request.GET.get("part") == FIGURES:
        return _private(render(request, "sla/dashboard_figures.html", context))
    return _private(render(request, "sla/dashboard.html", context | _controls(address, choices)))


@require_safe
@sees_dashboard
def table(request: Request, dimension: str) -> HttpResponse:
    """Every row of one table, in any order."""
    if dimension not in dashboard_tables.dimensions(request.user):
        raise Http404
    now = timezone.now()
    choices = Choices(request.user)
    address = Address.read(request.GET, choices, timezone.localdate(now))
    sort = request.GET.get("sort", WORST)
    shown = dashboard_page.breakdown(address, dashboard_page.links_of(address), dimension, now, sort=sort, most=None)
    context = {
        "now": now,
        "address": address,
        "kept": address.kept,
        "table": shown,
        "headings": HEADINGS,
        "all_dimensions": [(name, TITLES[name]) for name in dashboard_tables.dimensions(request.user)],
    }
    return _private(render(request, "sla/dashboard_table_page.html", context | _controls(address, choices)))


@require_GET
@sees_dashboard
def export(request: Request, form: str) -> HttpResponse:
    """All tables as `xlsx`, the one that `table` names as `csv`."""
    now = timezone.now()
    address = Address.read(request.GET, Choices(request.user), timezone.localdate(now))
    name = f"sla-{address.first}-{address.last}"
    if form == "xlsx":
        pieces = exports.as_xlsx(request.user, address, now)
    else:
        asked = request.GET.get("table", "summary")
        exported = exports.tables(request.user).get(asked)
        if form != "csv" or exported is None:
            raise Http404
        pieces, name = exports.as_csv(exported, address, now), f"{name}-{asked}"
    answer = HttpResponse(b"".join(pieces), content_type=exporting.FORMS[form][1])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _controls(address: Address, choices: Choices) -> dict[str, Any]:
    """Period and fields above the figures."""
    today = timezone.localdate()
    return {
        "menus": address.menus(choices),
        "periods": address.periods(),
        "calendar": address.calendar(today),
        "beside_days": chips.pairs(address.kept, DAYS),
        "today": today,
        "before": address.chosen.before(),
        "exported": [(name, each.title) for name, each in exports.tables(choices.person).items()],
        "without_fields": chips.without(address.kept, address.said),
    }


def _private(response: HttpResponse) -> HttpResponse:
    """Numbers of the desk are for nobody else's cache."""
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    patch_cache_control(response, private=True, no_cache=True)
    return response
