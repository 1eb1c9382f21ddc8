"""What the contractor sees by a link: one clock and its reasons, without signing in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.throttle import Throttle, client_address
from sla import dispute_links, explaining
from sla.explaining_strip import strip
from sla.explaining_words import say

# Only who tries addresses that we never made waits; whoever has a good one may open it as often as he likes.
_guessing = Throttle("dispute-link")


@require_safe
@login_not_required
def dispute(request: HttpRequest, token: str) -> HttpResponse:
    now, address = timezone.now(), client_address(request)
    wait = _guessing.wait_left(address, now=now)
    if wait:
        return _closed(request, "wait", 429)
    link = dispute_links.find(token)
    if link is None:
        _guessing.note_failure(address, now=now)
        return _closed(request, "unknown", 404)
    if not dispute_links.is_good(link, now):
        return _closed(request, "revoked" if link.revoked_at else "over", 410)
    account = explaining.from_json(link.account)
    (told,) = say([account], with_people=False)
    context = {"link": link, "incident": link.incident, "clock": told, "strip": strip(account), "now": account.at}
    response = render(request, "sla/dispute.html", context)
    if request.method == "GET":
        dispute_links.note_opened(link, now)
    return _private(response)


def _closed(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return _private(render(request, "sla/dispute_closed.html", {"why": why}, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """Who has the address sees the page, so no index keeps it, no cache, and no other site is told of it."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
