"""What is open near a pole: a crew that goes there anyway can look at it on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from incidents import site_neighbours
from incidents.filters import DeskFilter
from incidents.map_poles import Spot, spots, wrong_place
from incidents.map_states import State, state_of, worst
from incidents.models import Incident
from towers import places
from towers.models import Pole

if TYPE_CHECKING:
    from dispatchers.models import User

# As far as a crew goes out of its way.
KM = 20
MOST = 12


@dataclass(slots=True)
class Nearby:
    """A pole with open incidents, and the way to it."""

    spot: Spot
    km: float
    bearing: float
    states: Counter[str] = field(default_factory=Counter)

    @property
    def distance(self) -> str:
        return site_neighbours.distance(self.km)

    @property
    def direction(self) -> str:
        return site_neighbours.direction(self.bearing)

    @property
    def worst(self) -> State:
        return worst(self.states)

    @property
    def number(self) -> int:
        return self.states.total()


def around(pole: Pole, filters: DeskFilter, person: User, now: datetime) -> list[Nearby]:
    """The nearest poles with open incidents that the filter leaves, without this one; one query."""
    here = places.place_of(pole)
    if here is None or wrong_place(pole.latitude, pole.longitude, pole.region_ru):
        return []
    standing = Pole.objects.standing().filter(places.inside(here, KM)).exclude(pk=pole.pk)
    found: dict[str, tuple[str, int]] = {}
    for part in filters.apply(Incident.objects.open().filter(pole__in=standing), person, now):
        rows = part.order_by().values_list("code", state_of(now), "pole_id")
        found |= {code: (state, at) for code, state, at in rows}
    near: dict[int, Nearby] = {}
    known = spots() if found else {}
    for state, at in found.values():
        if at not in near:
            near[at] = _way(here, known[at])
        near[at].states[state] += 1
    in_reach = [each for each in near.values() if each.km <= KM and not each.spot.why]
    return sorted(in_reach, key=lambda each: (each.km, each.spot.code))[:MOST]


def _way(here: places.Place, spot: Spot) -> Nearby:
    there = places.Place(spot.latitude or 0, spot.longitude or 0)
    return Nearby(spot, places.kilometres(here, there), places.bearing(here, there))
