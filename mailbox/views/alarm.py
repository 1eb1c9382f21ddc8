"""The banner on the desk and the card: mail does not come. A tiny fragment, asked for twice a minute by every page."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from config.web import Request
from mailbox import health
from mailbox.health import Alarm


@require_safe
def alarm(request: Request) -> HttpResponse:
    """What everybody must know, or an empty banner. A page that shows the same already is left alone."""
    now = timezone.now()
    found = health.alarm(now)
    stamp = _stamp(found)
    if request.GET.get("seen") == stamp:
        return HttpResponse(status=204)
    late = found.late[0] if found.late else None
    context = {
        "late": late,
        "more": len(found.late) - 1,
        "late_since": _words(late.since, now) if late else "",
        "untaken_since": _words(found.untaken_since, now) if found.untaken_since else "",
        "stamp": stamp,
    }
    return render(request, "mailbox/_alarm.html", context)


def _stamp(found: Alarm) -> str:
    """Changes with the words of the banner, so that a reader of the screen hears each of them once."""
    late = [f"{each.folder.pk} {each.since} {each.folder.last_error}" for each in found.late]
    return hashlib.sha256(f"{late} {found.untaken_since}".encode()).hexdigest()[:12] if found else ""


def _words(moment: datetime, now: datetime) -> str:
    """“12:40”, and with the day when it is another one."""
    local = timezone.localtime(moment)
    return date_format(local, "H:i" if local.date() == timezone.localtime(now).date() else "d.m H:i")
