"""Moments and lengths as a reckoning needs them: to the second, so that the rows add up to the sum."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

register = template.Library()

SECOND = timedelta(seconds=1)


@register.filter
def exact_span(length: timedelta) -> str:
    """“26:05:09”, hours first; days are left out, since nobody can divide by 24 in a dispute."""
    seconds = abs(length) // SECOND
    sign = "−" if length < timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@register.filter
def day_second(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d.%m.%y %H:%M:%S")


@register.filter
def day_minute(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d.%m %H:%M")
