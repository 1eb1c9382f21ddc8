"""The desk's marks as tags and filters of templates; incidents/drawing.py says how they look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from incidents import clocks, drawing
from incidents.models import Incident, Status

if TYPE_CHECKING:
    from dispatchers.models import User
    from incidents.chips import Menu

register = template.Library()

register.simple_tag(drawing.icon)
register.simple_tag(drawing.status_mark)
register.simple_tag(drawing.priority, name="priority_mark")
register.simple_tag(drawing.operator_mark)
register.simple_tag(drawing.bar)
register.filter(drawing.code)
register.filter("short_region", drawing.short_region)


@register.simple_tag(takes_context=True)
def person_mark(context: Context, person: User | None, size: str = "") -> SafeString:
    """The round mark of a person, filled for the one who looks; dashed for nobody."""
    request = context.get("request")
    return drawing.person_mark(person, request.user if request else None, size)


@register.simple_tag(takes_context=True)
def incident_clock(context: Context, incident: Incident) -> SafeString:
    return drawing.clock(clocks.incident_clock(incident, _now(context)))


@register.simple_tag(takes_context=True)
def contractor_clock(context: Context, incident: Incident) -> SafeString:
    return drawing.clock(clocks.contractor_clock(incident, _now(context)))


@register.simple_tag(takes_context=True)
def dispatcher_clock(context: Context, incident: Incident) -> SafeString:
    return drawing.clock(clocks.dispatcher_clock(incident, _now(context)))


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: datetime) -> SafeString:
    """How long ago, counted on by the page; the exact moment on hover."""
    return drawing.ago(moment, _now(context))


@register.filter
def exact(moment: datetime | None) -> str:
    """The moment in the desk's time zone, with its name; nothing for nothing."""
    return clocks.exact(moment) if moment else ""


@register.filter
def span(length: timedelta) -> str:
    """A length of time in two numbers."""
    return clocks.span(length)


@register.simple_tag(takes_context=True)
def boxes(context: Context, menu: Menu) -> SafeString:
    """The values of a filter with a box before each: hundreds, which a loop of the template would draw for long."""
    name, chosen = menu.field.name, {option.value for option in menu.chosen}
    request = context.get("request")
    drawn = []
    for option in menu.options:
        said = drawing.cut(str(option.label))
        if isinstance(option.thing, Status):
            said = drawing.status_mark(option.thing)
        elif name == "who":
            person = cast("User | None", option.thing)
            said = drawing.person_mark(person, request.user if request else None) + said
        drawn.append(drawing.box(name, option.value, said, option.value in chosen))
    return SafeString("".join(drawn))


def _now(context: Context) -> datetime:
    """One moment for the whole page where the view gives it."""
    return context.get("now") or timezone.now()
