"""The desk's marks: icon, code, status, person, operator, clock, moment. One look everywhere, no queries."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from incidents import clocks
from incidents.clocks import ClockFace, ClockState
from incidents.models import Incident, Status, StatusClass

if TYPE_CHECKING:
    from dispatchers.models import User
    from towers.models import Operator

register = template.Library()

STATUS_LOOK = {
    StatusClass.START: "is-new",
    StatusClass.ACTIVE: "is-work",
    StatusClass.SENDING: "is-work",
    StatusClass.PAUSED: "is-wait",
    StatusClass.END: "is-done",
}
# Look and icon; static/js/clocks.js has the same three of the running ones.
CLOCK_LOOK = {
    ClockState.UNKNOWN: ("", "circle-dashed"),
    ClockState.RUNNING: ("", "clock"),
    ClockState.RISK: ("is-risk", "hourglass"),
    ClockState.OVERDUE: ("is-over", "alert-octagon"),
    ClockState.LATE: ("is-late", "alert-octagon"),
    ClockState.IN_TIME: ("is-done", "circle-check"),
}
# As the desk has called them for years; other operators get their first letters.
OPERATOR_MARKS = {"tele2": "Т2", "megafon": "МФ", "vimpelcom": "ВК", "mts": "МТС"}
_KIND_OF_REGION = re.compile(r"\b(область|обл\.?|край|республика|респ\.?|автономный округ|АО)(?!\w)", re.IGNORECASE)
LEGAL_FORMS = {"ООО", "ПАО", "АО", "ОАО", "ЗАО"}


@register.simple_tag
def icon(name: str, size: str = "", extra: str = "") -> SafeString:
    """An icon of static/icons.svg; `size` is empty, "sm" or "lg". Always decoration: say it in words beside it."""
    classes = " ".join(filter(None, ["i", size and f"i-{size}", extra]))
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, static("icons.svg"), name
    )


@register.filter
def code(value: str) -> SafeString:
    """An incident's code: the constant prefix dimmed, the number bold."""
    prefix, dash, number = value.rpartition("-")
    return format_html('<span class="code"><i>{}{}</i><b>{}</b></span>', prefix, dash, number)


@register.simple_tag
def status_mark(status: Status, fill: bool = False) -> SafeString:
    """A status: plain in lists, `fill=True` in headers."""
    return format_html(
        '<span class="dk-st {}{}">{}<span>{}</span></span>',
        STATUS_LOOK[StatusClass(status.status_class)],
        " fill" if fill else "",
        icon(status.icon),
        status.name,
    )


@register.simple_tag(takes_context=True)
def person_mark(context: Context, person: User | None, size: str = "") -> SafeString:
    """The round mark of a person, filled for the one who looks; dashed for nobody."""
    if person is None:
        return _round("none", size, _("Not assigned"), "–")
    request = context.get("request")
    is_me = request is not None and request.user.pk == person.pk
    name = _("%(name)s (you)") % {"name": person.full_name} if is_me else person.full_name
    return _round("me" if is_me else "", size, name, person.initials)


def _round(look: str, size: str, name: str, letters: str) -> SafeString:
    return format_html(
        '<span class="{}" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></span>',
        " ".join(filter(None, ["dk-who", look, size])),
        name,
        letters,
        name,
    )


@register.simple_tag
def operator_mark(operator: Operator | None) -> SafeString:
    """The operator in two or three letters, the whole name on hover."""
    if operator is None:
        return format_html('<span class="dk-op" title="{}">—</span>', _("Operator unknown"))
    return format_html('<span class="dk-op" title="{}">{}</span>', operator.name, _letters_of(operator))


def _letters_of(operator: Operator) -> str:
    known = OPERATOR_MARKS.get(operator.group)
    if known:
        return known
    words = [word for word in operator.name.replace("«", " ").replace("»", " ").split() if word not in LEGAL_FORMS]
    return "".join(words)[:2].upper()


@register.simple_tag(takes_context=True)
def incident_clock(context: Context, incident: Incident) -> SafeString:
    return _clock(clocks.incident_clock(incident, _now(context)))


@register.simple_tag(takes_context=True)
def contractor_clock(context: Context, incident: Incident) -> SafeString:
    return _clock(clocks.contractor_clock(incident, _now(context)))


@register.simple_tag(takes_context=True)
def dispatcher_clock(context: Context, incident: Incident) -> SafeString:
    return _clock(clocks.dispatcher_clock(incident, _now(context)))


def _clock(face: ClockFace) -> SafeString:
    look, sign = CLOCK_LOOK[face.state]
    counting = SafeString("")
    if face.start and face.due:
        counting = format_html(' data-start="{}" data-due="{}"', face.start.isoformat(), face.due.isoformat())
    return format_html(
        '<span class="dk-clock {}" title="{}"{}>{}<span class="v">{}</span>{}</span>',
        look,
        face.title,
        counting,
        icon(sign),
        face.words,
        "" if face.share is None else bar(face.share),
    )


@register.simple_tag
def bar(share: int) -> SafeString:
    """A thin bar filled by `share` per cent; an SVG, since the policy of the page allows no style attribute."""
    return format_html(
        '<svg class="dk-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="t" width="100" height="2"/><rect class="v" width="{}" height="2"/></svg>',
        share,
    )


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: datetime) -> SafeString:
    """How long ago, counted on by the page; the exact moment on hover."""
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(),
        clocks.exact(moment),
        clocks.ago(moment, _now(context)),
    )


@register.filter
def short_region(name: str) -> str:
    """A region without the word for its kind, as a narrow column has room for: «Кировская область» is «Кировская»."""
    return _KIND_OF_REGION.sub("", name).strip() or name


@register.filter
def exact(moment: datetime | None) -> str:
    """The moment in the desk's time zone, with its name; nothing for nothing."""
    return clocks.exact(moment) if moment else ""


@register.filter
def span(length: timedelta) -> str:
    """A length of time in two numbers."""
    return clocks.span(length)


def _now(context: Context) -> datetime:
    """One moment for the whole page where the view gives it."""
    return context.get("now") or timezone.now()
