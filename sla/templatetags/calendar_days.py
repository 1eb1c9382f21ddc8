"""The days of a month as buttons: hundreds, which a loop of the template would draw for long."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sla.calendar_year import Cell, Month

register = template.Library()


@register.simple_tag
def day_buttons(month: Month, today: date, chosen: date | None, focus: date | None) -> SafeString:
    """`chosen` is the day whose form stands open, `focus` the one that was left last."""
    return SafeString("".join(_button(cell, today, chosen, focus) for cell in month.cells))


def _button(cell: Cell, today: date, chosen: date | None, focus: date | None) -> SafeString:
    return format_html(
        '<button name="do" value="day:{}" class="d {}{}{}" aria-label="{}"{}{}>{}</button>',
        cell.day.isoformat(),
        cell.kind.value,
        " differs" if cell.differs else "",
        " today" if cell.day == today else "",
        cell.said,
        format_html(' title="{}"', cell.said) if cell.is_special else "",
        SafeString(' aria-expanded="true"' if cell.day == chosen else " autofocus" if cell.day == focus else ""),
        cell.day.day,
    )
