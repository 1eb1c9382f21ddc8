"""Which site a letter is about, and what the registry lets a reader know of it."""

import random
from collections.abc import Collection
from dataclasses import dataclass

from demo.registry import Pole, Registry, Station


@dataclass(frozen=True)
class Site:
    """A pole with the station whose operator writes, and the other stations on it."""

    pole: Pole
    station: Station
    neighbours: tuple[Station, ...]
    # The station's name says which pole it is: it stands on this one only.
    decisive: bool

    def neighbour(self, group: str) -> Station | None:
        return next((station for station in self.neighbours if station.group == group), None)


def choose(rng: random.Random, registry: Registry, group: str, busy: Collection[str] = ()) -> Site:
    """A site with equipment of this operator group, on none of the `busy` poles."""
    while (station := rng.choice(registry.stations_by_group[group])).pole_code in busy:
        pass
    return site_of(registry, station)


def site_of(registry: Registry, station: Station) -> Site:
    others = registry.stations_by_pole[station.pole_code]
    return Site(
        pole=registry.pole_by_code[station.pole_code],
        station=station,
        neighbours=tuple(other for other in others if other is not station),
        decisive=len(registry.poles_of_station[station.name]) == 1,
    )
