"""The lines below a found incident as HTML: functions and not templates, as the rows of the list are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext

from incidents import clocks
from incidents.drawing import html, icon
from incidents.marks import Piece
from incidents.search.snippets import Line
from incidents.search.sources import Said


def lines(code: str, said: Sequence[Line], now: datetime) -> SafeString:
    """Why this incident is among the results; each line leads to its place on the card."""
    card = reverse("incidents:card", args=(code,))
    return SafeString("".join([_line(card, each, now) for each in said]))


def found(pieces: Iterable[Piece]) -> SafeString:
    """Words with the searched ones marked; everything a stranger wrote is escaped."""
    return SafeString("".join([_piece(each) for each in pieces]))


def _piece(piece: Piece) -> SafeString:
    return html('<mark class="sr-mark">{}</mark>' if piece.mark else "{}", piece.text)


def _line(card: str, line: Line, now: datetime) -> SafeString:
    return html(
        '<a class="sr-line" href="{}{}"><span class="where">{}<time datetime="{}" title="{}">{}</time></span>\n'
        '<span class="said">{}<span class="words">{}</span></span></a>\n',
        card,
        f"?everything=1#{line.anchor}" if line.anchor else "",
        _place(line.said, line.is_out),
        line.at.isoformat(),
        clocks.exact(line.at),
        said_on(line.at, now),
        html('<span class="who">{}</span> ', found(line.who)) if line.who else "",
        found(line.words),
    )


def _place(said: Said, is_out: bool) -> SafeString:
    """Where it was found, in a word; of a letter, which way it went."""
    hidden = ""
    if said == Said.LETTER:
        sign, word = "arrow-up-right" if is_out else "arrow-down-left", pgettext("found in", "Letter")
        hidden = pgettext("letter", "outgoing") if is_out else pgettext("letter", "incoming")
    elif said == Said.NOTE:
        sign, word = "note", pgettext("found in", "Note")
    elif said == Said.FILE:
        sign, word = "paperclip", pgettext("found in", "File")
    elif said == Said.PLACE:
        sign, word = "map-pin", pgettext("found in", "Site")
    else:
        sign, word = "phone", pgettext("found in", "Subject")
    way = html('<span class="visually-hidden">, {}</span>', hidden) if hidden else ""
    return html('{}<span class="kind">{}{}</span>', icon(sign, "sm"), word, way)


def said_on(moment: datetime, now: datetime) -> str:
    """The time for today, the day for this year, else the date with its year."""
    local, today = timezone.localtime(moment), timezone.localtime(now)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return _day(local.date(), "j M" if local.year == today.year else "d.m.y", get_language())


@lru_cache(maxsize=1024)
def _day(day: date, form: str, _language: str | None) -> str:
    return date_format(day, form)
