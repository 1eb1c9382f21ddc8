"""What the pages of letters say in their own way: days, sizes, fates, words that were searched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from incidents import ledger_rows, mail_problems
from incidents.ledger_rows import LOOKS
from incidents.marks import Piece
from mailbox.models import Receipt

register = template.Library()
register.filter("folder_name", ledger_rows.folder_name)


@register.filter
def weekday(value: date) -> str:
    """“Today, 23 November, Monday”; with the year when it is another one."""
    today = timezone.localdate()
    words = date_format(value, "j E, l" if value.year == today.year else "j E Y, l")
    if not (get_language() or "").startswith("en"):
        words = words.lower()
    near = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    return f"{near[value]}, {words}" if value in near else words


@register.filter
def fate_title(fate: str) -> str:
    """A fate as the name of a list."""
    return {
        Receipt.State.NEW: pgettext("fates", "Not taken yet"),
        Receipt.State.OPENED: pgettext("fates", "Opened incidents"),
        Receipt.State.JOINED: pgettext("fates", "Joined incidents"),
        Receipt.State.COPY: pgettext("fates", "Copies"),
        Receipt.State.KEPT: pgettext("fates", "Kept without incident"),
        Receipt.State.QUARANTINED: pgettext("fates", "Quarantine"),
    }[Receipt.State(fate)]


@register.filter
def fate_look(fate: str) -> str:
    return LOOKS[Receipt.State(fate)][0]


@register.filter
def fate_icon(fate: str) -> str:
    return LOOKS[Receipt.State(fate)][1]


@register.filter
def short_size(size: int) -> str:
    """“1 kB”, “340 kB”, “2.4 MB”: a column has no room for bytes."""
    if not size:
        return "—"
    if size < 1_000_000:
        return _("%(n)s kB") % {"n": number_format(max(1, round(size / 1000)))}
    return _("%(n)s MB") % {"n": number_format(round(size / 1_000_000, 1))}


@register.filter
def found(pieces: Iterable[Piece]) -> SafeString:
    """A letter's words with the searched ones marked; everything a stranger wrote is escaped."""
    return format_html_join("", "{}", ((_piece(each),) for each in pieces))


def _piece(piece: Piece) -> SafeString | str:
    return format_html('<mark class="lg-found">{}</mark>', piece.text) if piece.mark else piece.text


@register.filter
def balance_title(fate: str) -> str:
    """A fate as the head of a narrow column."""
    return {
        Receipt.State.NEW: pgettext("letters", "Not taken"),
        Receipt.State.OPENED: pgettext("letters", "Opened"),
        Receipt.State.JOINED: pgettext("letters", "Joined"),
        Receipt.State.COPY: pgettext("letters", "Copies"),
        Receipt.State.KEPT: pgettext("letters", "Kept"),
        Receipt.State.QUARANTINED: pgettext("letters", "Quarantined"),
    }[Receipt.State(fate)]


@register.filter
def unlocalised(number: float) -> str:
    """A number for a drawing: with a point, whatever the language."""
    return f"{number:.2f}"


@register.simple_tag
def mail_problems_number() -> int | None:
    """How many mail problems there are, if somebody has counted them lately: asks nothing of the database."""
    return mail_problems.known_number()
