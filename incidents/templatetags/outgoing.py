"""Moments as the list of our letters says them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag(takes_context=True)
def hour(context: Context, moment: datetime | None) -> str:
    """“14:05” of this day, with the day of another one, to the second where it is to come within a minute."""
    if moment is None:
        return ""
    now: datetime = context["now"]
    local = timezone.localtime(moment)
    if timedelta() < moment - now < timedelta(minutes=1):
        return date_format(local, "H:i:s")
    if local.date() == timezone.localdate(now):
        return date_format(local, "H:i")
    if local.date() == timezone.localdate(now) + timedelta(days=1):
        return _("tomorrow %(hour)s") % {"hour": date_format(local, "H:i")}
    return date_format(local, "d.m H:i" if local.year == timezone.localdate(now).year else "d.m.Y")
