"""What the card says about moved letters and about the conversations of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django import template

from incidents import undoing
from incidents.cards import Thread
from incidents.conversation import Letter
from incidents.occurrences import Happened

register = template.Library()


@register.filter
def undoable(happened: Happened, now: datetime) -> bool:
    """Whether the deed can be taken back by now."""
    return happened.stands and undoing.may_be_undone(happened.event, now)


@register.filter
def number_in(letter: Letter, threads: Sequence[Thread]) -> int | None:
    """The number of the letter's conversation; None where the incident has one only."""
    return next((each.number for each in threads if each.pk == letter.place.thread), None)
