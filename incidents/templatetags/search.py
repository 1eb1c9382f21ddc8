"""Results of the search: each incident with the lines below it, the words that were found."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from incidents.drawing import html
from incidents.search import drawing

register = template.Library()
register.filter(drawing.found)


@register.simple_tag
def found_rows(table: Any, width: int) -> SafeString:
    """The rows of the list, each with why it is among the results."""
    context = table.context
    said, now = context["search"].lines, context["now"]
    drawn = []
    for row, incident in zip(table.lines(), table.data, strict=True):
        drawn.append(row)
        if below := said.get(incident.pk):
            lines = drawing.lines(incident.code, below, now)
            drawn.append(html('<tr class="sr-said"><td colspan="{}">{}</td></tr>\n', width, lines))
    return SafeString("".join(drawn))
