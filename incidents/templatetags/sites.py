"""What pages say of a site: its map with the neighbours, whether it is chronic, its last twelve months as a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django import template
from django.conf import settings

from incidents import chronic, drawing, site_neighbours
from incidents.chronic import Repeats
from incidents.models import Incident
from incidents.site_history import Month, Year
from towers.map import Drawing
from towers.models import Pole

register = template.Library()

register.simple_tag(drawing.chronic_mark)

CARD_MAP = {"width": 352, "height": 140}
# On the small map more would be a heap.
CARD_NEIGHBOURS = 12
# The chart of the year: from bar to bar, room for a number above, the highest bar.
BAR_STEP, BAR_TOP, BAR_HIGHEST = 28, 14, 44


@register.simple_tag
def incident_map(incident: Incident, now: datetime) -> Drawing | None:
    """The map of the incident's pole for its card; None where there is no place to draw."""
    if incident.pole is None:
        return None
    near = site_neighbours.load(incident.pole, now, most=CARD_NEIGHBOURS)
    look = site_neighbours.look_of([incident], now)
    return site_neighbours.drawn(incident.pole, look, near, linked=False, **CARD_MAP)


@register.filter
def distance(km: float) -> str:
    """A distance as the desk says it."""
    return site_neighbours.distance(km)


@register.filter
def plus(length: float, more: float) -> float:
    """A place of a drawing, moved."""
    return round(length + more, 2)


@register.simple_tag
def map_attribution() -> str:
    """Whose map lies under the poles, where there is one."""
    return settings.MAP_ATTRIBUTION if settings.MAP_TILES else ""


@register.filter
def map_link(pole: Pole) -> str:
    """The address of the pole's place on the map of MAP_LINK; empty where the place is not known."""
    if pole.latitude is None or pole.longitude is None:
        return ""
    link = settings.MAP_LINK.replace("{lat}", quote(str(pole.latitude)))
    return link.replace("{lon}", quote(str(pole.longitude)))


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of the chart: its place on the drawing, and whether the site was chronic in it."""

    month: Month
    x: int
    y: float
    height: float
    is_often: bool


@register.filter
def bars(year: Year) -> list[Bar]:
    """The months as bars side by side; a month without incidents keeps a hairline."""
    heights = [max(BAR_HIGHEST * month.share / 100, 1) for month in year.months]
    return [
        Bar(
            month=month,
            x=number * BAR_STEP,
            y=round(BAR_TOP + BAR_HIGHEST - height, 1),
            height=round(height, 1),
            is_often=month.number >= settings.CHRONIC_REPEATS_MONTH,
        )
        for number, (month, height) in enumerate(zip(year.months, heights, strict=True))
    ]


@register.simple_tag
def repeats_of(pole: Pole | None, now: datetime) -> Repeats:
    """The repeats of one pole, asked from the database."""
    return chronic.of_pole(pole.pk if pole else None, now)
