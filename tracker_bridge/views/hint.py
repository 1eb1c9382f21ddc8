"""Where a trigger of the tracker says that an issue changed. Nothing in what it sends is believed but a key."""

from __future__ import annotations

import json
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from config.throttle import Throttle, client_address
from config.tracker import TrackerSettings
from tracker_bridge import hints, mirrors

MOST_BYTES = 4096
HEADER, SCHEME = "X-Dispatch-Hook", "Bearer "
MINUTE_SECONDS = "60"
# Whoever tries secrets waits.
wrong_secrets = Throttle("tracker-hook", failures=20)


@login_not_required
@csrf_exempt
@never_cache
def hint(request: HttpRequest) -> HttpResponse:
    """202, whatever becomes of it. Without a secret in the settings there is no such address."""
    tracker = mirrors.configured()
    if tracker is None or not tracker.hook_secret:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    refusal = _refusal(request, tracker)
    if refusal is not None:
        return refusal
    body = _body(request)
    if body is None:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    key = _key(body)
    if not key:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    if hints.is_of_queue(key, tracker.queue):
        hints.take(key)
    return HttpResponse(status=HTTPStatus.ACCEPTED)


def _refusal(request: HttpRequest, tracker: TrackerSettings) -> HttpResponse | None:
    """What is answered to whoever does not know the secret, or asks too often; None: he may go on."""
    now, who = timezone.now(), client_address(request)
    given = request.headers.get(HEADER) or request.headers.get("Authorization", "").removeprefix(SCHEME)
    is_known = constant_time_compare(given.encode(), tracker.hook_secret.encode())
    if wrong_secrets.wait_left(who, now=now) or (is_known and hints.is_one_too_many(now)):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": MINUTE_SECONDS})
    if not is_known:
        wrong_secrets.note_failure(who, now=now)
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    return None


def _body(request: HttpRequest) -> bytes | None:
    """None if there is more than a key takes."""
    content: bytes = request.read(MOST_BYTES + 1)
    return content if len(content) <= MOST_BYTES else None


def _key(body: bytes) -> str:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    key = given.get("key") if isinstance(given, dict) else None
    return key if isinstance(key, str) else ""
