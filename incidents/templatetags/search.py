"""Results of the search: the lines below an incident, the words that were found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from incidents.marks import Piece
from incidents.models import Incident
from incidents.search.snippets import Line

register = template.Library()


@register.simple_tag
def rows_of(table: Any) -> Iterator[tuple[SafeString, Incident, list[Line]]]:
    """Each row of the list with its incident, and why that is among the results."""
    said: dict[int, list[Line]] = table.context["search"].lines
    for row, incident in zip(table.lines(), table.data, strict=True):
        yield row, incident, said.get(incident.pk, [])


@register.filter
def found(pieces: Iterable[Piece]) -> SafeString:
    """Words with the searched ones marked; everything a stranger wrote is escaped."""
    return format_html_join("", "{}", ((_piece(each),) for each in pieces))


def _piece(piece: Piece) -> SafeString | str:
    return format_html('<mark class="sr-mark">{}</mark>', piece.text) if piece.mark else piece.text


@register.filter
def said_on(moment: datetime, now: datetime) -> str:
    """The time for today, the day for this year, else the whole date."""
    local, today = timezone.localtime(moment), timezone.localtime(now)
    if local.date() == today.date():
        return date_format(local, "H:i")
    return date_format(local, "j M" if local.year == today.year else "d.m.Y")
