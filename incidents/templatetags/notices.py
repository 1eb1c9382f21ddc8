"""Steps that send letters, and what became of these, on the card."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from incidents import notice_doors, notice_shown
from incidents.cards import Card
from incidents.notice_doors import Door
from incidents.notice_shown import Shown

register = template.Library()


@register.simple_tag
def doors_of(card: Card) -> Mapping[int, Door]:
    """The steps of the card that send letters, by the key of their status."""
    return notice_doors.of_steps(card.incident, card.steps, card.now)


@register.filter
def door_to(doors: Mapping[int, Door], status: int) -> Door | None:
    """The door of a step that sends; None for other steps."""
    return doors.get(status)


@register.simple_tag
def notice_of(card: Card) -> Shown | None:
    """What has to be said of the letters of the last step that sent some."""
    return notice_shown.of_card(card.incident, card.now)
