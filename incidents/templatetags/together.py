"""Where the timeline offers to take a step or an assignment back."""

from __future__ import annotations

from datetime import datetime

from django import template

from incidents import undoing_steps
from incidents.cards import Card
from incidents.models import IncidentEvent
from incidents.timeline import Entry

register = template.Library()


@register.simple_tag
def way_back(entry: Entry, card: Card, now: datetime) -> IncidentEvent | None:
    """The event of this line to undo: its fact is the newest of its kind, a person did it, not long ago."""
    if not card.may_work or card.incident.merged_into_id:
        return None
    candidates = [each.event for each in entry.happened if undoing_steps.may_be_undone(each.event, now)]
    return next((event for event in reversed(candidates) if event.pk in _newest(card)), None)


def _newest(card: Card) -> set[int]:
    """The last assignment and the last step that the card shows."""
    newest: dict[bool, int] = {}
    for entry in card.timeline.entries:
        for each in entry.happened:
            if each.kind == undoing_steps.ASSIGNED or each.kind in undoing_steps.STEPS:
                is_step = each.kind != undoing_steps.ASSIGNED
                newest[is_step] = max(each.event.pk, newest.get(is_step, 0))
    return set(newest.values())
