"""Connecting the mirror: who the token belongs to, consent by OAuth, pasting a pair, checking, forgetting."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST, require_safe

from config.tracker import TrackerSettings
from config.web import Request
from tracker_bridge import connecting, connection, credentials, mirrors, numbers, oauth, token_trial
from tracker_bridge.connect_forms import CodeForm, PasteForm
from tracker_bridge.connecting import NotConnected
from tracker_bridge.models import Mirror
from tracker_bridge.oauth import Pair
from tracker_bridge.protocol import TrackerError
from tracker_bridge.token_trial import Seen
from tracker_bridge.views.doors import may_act
from tracker_bridge.waking import wake

# In the session: what the tracker said when it was last asked, shown once.
_SEEN = "tracker_seen"
_PAGE = "tracker_bridge:connect"


@never_cache
@require_safe
@may_act
def connect(request: Request, mirror: Mirror) -> HttpResponse:
    """The page; it asks nobody."""
    return _page(request, mirror)


@never_cache
@require_safe
@may_act
def start(request: Request, mirror: Mirror) -> HttpResponse:
    """To the page of consent; `way=code`: which shows the code instead of bringing it here."""
    tracker = _yandex()
    if not tracker.client_id:
        raise Http404
    by_hand = request.GET.get("way") == "code"
    back = oauth.page_with_code(tracker) if by_hand else _address(request)
    return redirect(connecting.ask(tracker, request.session, back, timezone.now()))


@never_cache
@require_GET
@may_act
@sensitive_variables()
def back(request: Request, mirror: Mirror) -> HttpResponse:
    """Where the page of consent brings the code, or the person's no."""
    tracker = _yandex()
    if request.GET.get("error"):
        messages.error(request, _("Nothing was changed: access was refused on the page of consent."))
        return redirect(_PAGE)
    code, state = request.GET.get("code", ""), request.GET.get("state", "")
    return _with_code(request, tracker, mirror, code, state)


@never_cache
@sensitive_post_parameters("code")
@require_POST
@may_act
@sensitive_variables()
def code(request: Request, mirror: Mirror) -> HttpResponse:
    """The code, typed."""
    tracker, form = _yandex(), CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, mirror, code_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _with_code(request, tracker, mirror, form.cleaned_data["code"], None)


@never_cache
@sensitive_post_parameters("access", "refresh")
@require_POST
@may_act
@sensitive_variables()
def paste(request: Request, mirror: Mirror) -> HttpResponse:
    """A pair that was got elsewhere."""
    tracker, form = _yandex(), PasteForm(request.POST)
    if not form.is_valid():
        return _page(request, mirror, paste_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _connected(request, tracker, mirror, form.pair(timezone.now()))


@require_POST
@may_act
def look(request: Request, mirror: Mirror) -> HttpResponse:
    """Ask the tracker now whether the token in force opens everything."""
    seen = connecting.look(_yandex(), timezone.now())
    if seen:
        request.session[_SEEN] = asdict(seen)
    return redirect(_PAGE)


@require_POST
@may_act
def renew(request: Request, mirror: Mirror) -> HttpResponse:
    """A new pair now, before its time."""
    tracker, now = _yandex(), timezone.now()
    kept = credentials.stored(tracker, now)
    try:
        if kept:
            credentials.renew(tracker, credentials.opened(kept).access, now)
            messages.success(request, _("The token is renewed."))
    except TrackerError as error:
        messages.error(request, _("The token is not renewed: %(words)s") % {"words": error})
    return redirect(_PAGE)


@require_POST
@may_act
def forget(request: Request, mirror: Mirror) -> HttpResponse:
    """Disconnect."""
    connecting.disconnect(_yandex(), by=request.user, now=timezone.now())
    messages.success(request, _("The tokens are forgotten. Jobs wait until the mirror is connected again."))
    return redirect(_PAGE)


@sensitive_variables()
def _with_code(
    request: Request, tracker: TrackerSettings, mirror: Mirror, code: str, state: str | None
) -> HttpResponse:
    try:
        pair = connecting.pair_for(tracker, request.session, code, timezone.now(), state=state)
    except NotConnected as error:
        messages.error(request, _("Nothing was changed. %(words)s") % {"words": error})
        return redirect(_PAGE)
    return _connected(request, tracker, mirror, pair)


@sensitive_variables()
def _connected(request: Request, tracker: TrackerSettings, mirror: Mirror, pair: Pair) -> HttpResponse:
    seen = connecting.connect(tracker, mirror, pair, by=request.user, now=timezone.now())
    request.session[_SEEN] = asdict(seen)
    if seen.is_good:
        wake("check")
        wake("push")
        messages.success(request, _("Connected as %(owner)s.") % {"owner": seen.owner})
    else:
        messages.error(request, _("Nothing was changed: this token does not open what the mirror needs."))
    return redirect(_PAGE)


def _page(request: Request, mirror: Mirror, *, status: int = HTTPStatus.OK, **forms: Any) -> HttpResponse:
    now, tracker = timezone.now(), mirrors.configured()
    context: dict[str, Any] = {"mirror": mirror, "now": now, "tracker": tracker, "dead": numbers.dead(mirror.backend)}
    if tracker and tracker.backend == "yandex":
        seen = request.session.pop(_SEEN, None)
        context |= {
            "connection": connection.of(tracker, mirror, now),
            "header": connection.header(tracker),
            "seen": seen and Seen(tuple(token_trial.Step(**step) for step in seen["steps"]), *_rest(seen)),
            "is_other_header": bool(seen) and seen["is_cloud"] not in (None, tracker.is_cloud),
            "back": _address(request),
            "code_form": CodeForm(),
            "paste_form": PasteForm(),
            **forms,
        }
    return render(request, "tracker_bridge/connect.html", context, status=status)


def _rest(seen: dict[str, Any]) -> tuple[str, bool | None]:
    return seen["owner"], seen["is_cloud"]


def _address(request: Request) -> str:
    """Where the code is brought: by the address under which this person sees the desk, since his session is there."""
    return request.build_absolute_uri(reverse("tracker_bridge:connect_back"))


def _yandex() -> TrackerSettings:
    """Only Yandex gives tokens; keys of other trackers stand in the settings."""
    tracker = mirrors.configured()
    if tracker is None or tracker.backend != "yandex":
        raise Http404
    return tracker
