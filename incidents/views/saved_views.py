"""Saved views: keep the list at hand under a name, rename it, show it to everybody, forget it. Plain forms."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import saved_views
from incidents.errors import DomainError
from incidents.models import SavedView

reads_incidents = permission_required("incidents.view_incident", raise_exception=True)


@require_POST
@reads_incidents
def save(request: Request) -> HttpResponse:
    """The list whose address is `query`, under `name`."""
    query = request.POST.get("query", "")

    def deed() -> str:
        shared = request.POST.get("shared") == "1"
        view = saved_views.save(request.user, request.POST.get("name", ""), query, is_shared=shared)
        return _("Saved: “%(name)s”.") % {"name": view.name}

    _do(request, deed)
    return _to(saved_views.understood(query))


@require_POST
@reads_incidents
def change(request: Request, pk: int) -> HttpResponse:
    """Another name, and whether everybody sees it."""
    view = _find(request, pk)

    def deed() -> str:
        shared = request.POST.get("shared") == "1"
        saved_views.change(request.user, view, request.POST.get("name", ""), is_shared=shared)
        return _("Saved: “%(name)s”.") % {"name": view.name}

    _do(request, deed)
    return _to(view.query)


@require_POST
@reads_incidents
def remove(request: Request, pk: int) -> HttpResponse:
    view = _find(request, pk)

    def deed() -> str:
        saved_views.remove(request.user, view)
        return _("Removed: “%(name)s”.") % {"name": view.name}

    _do(request, deed)
    return _to(view.query)


def _do(request: Request, deed: Callable[[], str]) -> None:
    try:
        messages.success(request, deed())
    except DomainError as refusal:
        messages.error(request, refusal.user_message)


def _find(request: Request, pk: int) -> SavedView:
    seen = SavedView.objects.filter(Q(owner=request.user) | Q(is_shared=True))
    return get_object_or_404(seen.select_related("owner"), pk=pk)


def _to(query: str) -> HttpResponse:
    # The address is ours, whatever the query says.
    return redirect(f"{reverse('incidents:desk')}?{query}" if query else reverse("incidents:desk"))
