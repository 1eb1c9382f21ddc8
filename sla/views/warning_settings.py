"""How somebody is warned beside the desk: Telegram, e-mail, sound, quiet hours; each way can be tried."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.web import Request
from mailbox.accounts import is_possible
from sla import telegram_connecting, telling, warning_list
from sla.models import Told
from sla.telling_forms import WarningsForm

works = permission_required("incidents.work_incident", raise_exception=True)


@require_http_methods(["GET", "HEAD", "POST"])
@works
def warning_settings(request: Request) -> HttpResponse:
    """The ways of this person; saved all at once."""
    form = WarningsForm(request.POST if request.method == "POST" else None, person=request.user)
    if request.method == "POST" and form.is_valid():
        telling.prefer(request.user, form.cleaned_data)
        messages.success(request, _("Saved. The next warning comes this way."))
        return redirect("sla:warning_settings")
    now = timezone.now()
    person = request.user
    trials = {channel: telling.last_trial(person, channel, now) for channel in telling.OUTSIDE}
    context = {
        "form": form,
        "has_bot": bool(settings.TG_TOKEN),
        "has_letters": is_possible(),
        "bot": cache.get(telegram_connecting.NAME, ""),
        "bot_said": cache.get(telegram_connecting.SAID, ""),
        "code": person.telegram_code if person.telegram_code_until and person.telegram_code_until > now else "",
        "code_until": person.telegram_code_until,
        "trials": {channel.value: warning_list.delivery(told) for channel, told in trials.items() if told},
        "waits": any(told and told.state in telling.OPEN_STATES for told in trials.values()),
    }
    return render(request, "sla/warning_settings.html", context, status=422 if form.errors else 200)


@require_POST
@works
def connect(request: Request) -> HttpResponse:
    """A code that this person writes to the bot."""
    telegram_connecting.begin(request.user, timezone.now())
    return redirect("sla:warning_settings")


@require_POST
@works
def disconnect(request: Request) -> HttpResponse:
    telegram_connecting.end(request.user)
    messages.success(request, _("Nothing goes to your Telegram any more."))
    return redirect("sla:warning_settings")


@require_POST
@works
def try_out(request: Request) -> HttpResponse:
    """Send a message that only says that it arrives."""
    try:
        channel = Told.Channel(request.POST.get("channel", ""))
    except ValueError:
        return HttpResponseBadRequest()
    if channel not in telling.OUTSIDE:
        return HttpResponseBadRequest()
    telling.try_out(request.user, channel, timezone.now())
    return redirect("sla:warning_settings")
