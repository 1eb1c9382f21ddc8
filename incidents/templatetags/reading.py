"""A letter with the numbers of the reasons beside what was read in it."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from incidents.marks import Piece
from mailbox.models import Email

register = template.Library()

_LOOKS: dict[str, tuple[str, Promise]] = {
    "read": ("dk-read", _("The site was found by this")),
    "alt": ("dk-read alt", _("Read, but not chosen")),
    "out": ("rd-out", _("Not asked: the words before it had settled the site")),
}


@register.filter
def numbered(pieces: Iterable[Piece]) -> SafeString:
    """Everything a stranger wrote is escaped; a mark leads to its reason."""
    return format_html_join("", "{}", ((_piece(each),) for each in pieces))


def _piece(piece: Piece) -> SafeString | str:
    if not piece.mark:
        return piece.text
    look, title = _LOOKS[piece.mark]
    number = format_html('<a class="rd-n" href="#reason-{0}">{0}</a>', piece.number) if piece.number else ""
    return format_html('<mark class="{}" title="{}">{}{}</mark>', look, title, piece.text, number)


@register.filter
def kind_name(kind: str) -> str:
    """A letter's kind in words; an unknown one as it is."""
    return str(dict(Email.Kind.choices).get(kind, kind))
