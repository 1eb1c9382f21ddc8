"""The parts of the card that speak of other incidents: links, and what is perhaps the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django import template

from incidents import linking, similar
from incidents.linking import SIDES, Shown
from incidents.models import Incident
from incidents.similar import Matter, Similar

register = template.Library()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Other incidents that the card of one names."""

    links: list[Shown]
    similar: list[Similar]


@register.simple_tag
def neighbours(incident: Incident, now: datetime) -> Neighbours:
    """Its links, and for an open one what is perhaps the same, besides what is linked already."""
    links = linking.links_of(incident)
    if not incident.is_open:
        return Neighbours(links, [])
    known = {each.other.pk for each in links} | {each.other.final.pk for each in links}
    return Neighbours(links, similar.find(Matter.of(incident), now, besides=known))


@register.simple_tag
def link_sides() -> list[tuple[str, str]]:
    """What an incident can be to another one."""
    return [(name, str(side.words)) for name, side in SIDES.items()]


@register.filter
def side_words(side: str) -> str:
    """A side of a link in words."""
    return str(SIDES[side].words) if side in SIDES else side
