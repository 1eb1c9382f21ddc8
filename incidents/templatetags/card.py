"""What only the card says: lengths of time in its gutter and of its types, letters with their marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from types import SimpleNamespace

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from incidents import clocks, why
from incidents.conversation import Letter
from incidents.drawing import STATUS_LOOK
from incidents.marks import Piece
from incidents.models import Status, StatusClass

register = template.Library()

_MARKS = {"read": "dk-read", "alt": "dk-read alt"}


@register.filter
def interval(length: timedelta | None) -> str:
    """“+3 min”, “+2 h 42 m”; nothing within the same minute."""
    minutes = int(length.total_seconds()) // 60 if length else 0
    if minutes < 1:
        return ""
    return "+" + (_("%(minutes)d min") % {"minutes": minutes} if minutes < 60 else clocks.span(length or timedelta()))


@register.filter
def day(value: date) -> str:
    """“today”, “17 Aug”, and with the year when it is another one."""
    today = timezone.localdate()
    if value == today:
        return _("today")
    return date_format(value, "j M" if value.year == today.year else "d.m.y").lower()


@register.filter
def dial(phone: str) -> str:
    """What a telephone dials: the first number, without an extension a person has to ask for."""
    found = re.search(r"\+?\d[\d ()\-.\u00a0\u2011-\u2014]*", phone)
    return re.sub(r"[^\d+]", "", found[0]) if found else ""


@register.filter
def allowed(length: timedelta) -> str:
    """The time a type allows."""
    return why.allowed(length)


@register.filter
def look(status: Status) -> str:
    """The class of a status's colour."""
    return STATUS_LOOK[StatusClass(status.status_class)]


# They stand for the numbers of a letter and of its conversation, and are in no text.
_ANY_LETTER, _ANY_THREAD = 900_000_000_000_000_007, 900_000_000_000_000_009


@register.simple_tag(takes_context=True)
def letter_menu(context: Context, letter: Letter) -> SafeString:
    """What can be done with a letter; drawn once for those of a kind: forty menus cost more than their letters."""
    shape = (letter.email.kind, letter.is_out)
    menus = context["card"].menus
    if shape not in menus:
        menu = get_template("incidents/_letter_menu.html").template  # type: ignore[attr-defined]
        alike = SimpleNamespace(
            pk=_ANY_LETTER,
            email=SimpleNamespace(kind=letter.email.kind),
            is_out=letter.is_out,
            place=SimpleNamespace(thread=_ANY_THREAD),
        )
        with context.push(letter=alike):
            menus[shape] = menu.render(context)
    filled = menus[shape].replace(str(_ANY_LETTER), str(letter.pk))
    return SafeString(filled.replace(str(_ANY_THREAD), str(letter.place.thread)))


@register.filter
def marked(pieces: Iterable[Piece]) -> SafeString:
    """A letter's words with what the machine read in them; everything a stranger wrote is escaped."""
    return format_html_join("", "{}", ((_piece(each),) for each in pieces))


def _piece(piece: Piece) -> SafeString | str:
    if not piece.mark:
        return piece.text
    title = _("The site was found by this") if piece.mark == "read" else _("Read, but not chosen")
    return format_html('<mark class="{}" title="{}">{}</mark>', _MARKS[piece.mark], title, piece.text)
