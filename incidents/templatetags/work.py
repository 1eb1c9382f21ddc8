"""What only the work on an incident says: short moments, names of kinds, clocks of promises."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from incidents import drawing, work_words
from incidents.clocks import ClockFace
from incidents.models import WorkPeriod

register = template.Library()


@register.filter
def near(at: datetime, other: datetime) -> str:
    """“15:30” on the day of the other moment, else with the date."""
    return work_words.moment(at, other)


@register.filter
def ball(value: str) -> str:
    """Who has the next move, in one word."""
    return str(work_words.BALLS.get(value, value))


@register.filter
def work_kind(value: str) -> str:
    return str(work_words.SHORT_KINDS.get(value, value))


@register.filter
def length_of(period: WorkPeriod) -> timedelta:
    """How long work that has ended took."""
    return (period.ended_at or period.started_at) - period.started_at


@register.simple_tag
def face_of(face: ClockFace) -> SafeString:
    """A clock that the page counts on."""
    return drawing.clock(face)


@register.simple_tag
def soon() -> list[str]:
    """Moments one click away, as incidents.moments reads them."""
    return [_("+30m"), _("+1h"), _("+2h"), _("+4h")]


@register.simple_tag
def snoozes() -> list[str]:
    """For how long a reminder is put off by one click."""
    return [_("+15m"), _("+1h")]
