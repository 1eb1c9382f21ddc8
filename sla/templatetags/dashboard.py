"""Numbers as the dashboard writes them."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from incidents import clocks

register = template.Library()

HOUR = timedelta(hours=1)


@register.filter
def grouped(number: int) -> str:
    """“2 148”: thousands apart, as the language has it."""
    return number_format(number, use_l10n=True, force_grouping=True)


@register.filter
def tenths(number: float) -> str:
    """One digit behind the point."""
    return number_format(round(number, 1), 1, use_l10n=True, force_grouping=True)


@register.filter
def percent(share: float | None) -> str:
    """“93,4 %”; a dash where nothing is known."""
    return "–" if share is None else _("%(number)s %%") % {"number": tenths(share)}


@register.filter
def length_of(span: timedelta | None) -> str:
    """How long something took: minutes within an hour, then hours, then days."""
    if span is None:
        return "–"
    if span < HOUR:
        return _("%(minutes)d min") % {"minutes": round(span.total_seconds() / 60)}
    return clocks.span(span)


@register.simple_tag
def figure(number: int, href: str, look: str = "") -> SafeString:
    """A number that leads to its list; nothing leads nowhere."""
    if not number:
        return SafeString('<span class="dim">0</span>')
    return format_html('<a class="{}" href="{}">{}</a>', f"db-n {look}".strip(), href, grouped(number))
