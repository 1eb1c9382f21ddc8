"""Where open incidents stand on the map: one query, counted by region, and packed for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from incidents.filters import DeskFilter
from incidents.map_poles import NO_POLE, Spot, spots
from incidents.map_regions import outline_of
from incidents.map_states import STATES, State, state_of, worst
from incidents.models import Incident
from incidents.queues import QUEUES

if TYPE_CHECKING:
    from dispatchers.models import User

# Of a degree; four digits tell eleven metres.
STEP = 10_000


class Row(NamedTuple):
    """An open incident as the map needs it; `spot` is None without a pole."""

    code: str
    state: str
    spot: Spot | None

    @property
    def why(self) -> str:
        """What keeps it from the map; empty for nothing."""
        return self.spot.why if self.spot else NO_POLE


@dataclass(slots=True)
class Region:
    """The open incidents of a region by the letters of their states; `name` is empty where no region is known."""

    name: str
    outline: str
    numbers: Counter[str] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        return self.numbers.total()

    @property
    def worst(self) -> State:
        return worst(self.numbers)

    @property
    def parts(self) -> list[tuple[State, int]]:
        return [(state, self.numbers[state.letter]) for state in STATES if self.numbers[state.letter]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands beside the map. States count everything; regions and `nowhere` leave out what is hidden."""

    states: list[tuple[State, int]]
    regions: list[Region]
    nowhere: int

    @property
    def number(self) -> int:
        return sum(number for _state, number in self.states)


def of_map(filters: DeskFilter) -> DeskFilter:
    """The filter as the map means it: it shows open incidents only, so the history is all of them."""
    if not filters.queue.is_history:
        return filters
    return replace(filters, queue=QUEUES["open"], closed_first=None, closed_last=None)


def load(filters: DeskFilter, person: User, now: datetime, codes: Sequence[str] = ()) -> list[Row]:
    """The open incidents that the filter leaves; with codes those of them only."""
    parts = filters.apply(Incident.objects.open(), person, now)
    asked = [(part.filter(code__in=codes) if codes else part).order_by() for part in parts]
    found = [row for part in asked for row in part.values_list("code", state_of(now), "pole_id")]
    at = spots()
    rows = [Row(code, state, at.get(pole) if pole else None) for code, state, pole in found]
    # Parts may overlap.
    return rows if len(parts) == 1 else list({row.code: row for row in rows}.values())


def summary(rows: Iterable[Row], hidden: frozenset[str]) -> Summary:
    """Counted for the legend and the list: regions with most overdue ones first."""
    states: Counter[str] = Counter()
    regions: dict[str, Region] = {}
    nowhere = 0
    for row in rows:
        states[row.state] += 1
        if row.state in hidden:
            continue
        name = row.spot.region if row.spot else ""
        if name not in regions:
            regions[name] = Region(name, outline_of(name))
        regions[name].numbers[row.state] += 1
        nowhere += bool(row.why)
    in_order = sorted(
        regions.values(), key=lambda each: (-each.numbers["o"], -each.numbers["r"], -each.number, each.name)
    )
    return Summary([(state, states[state.letter]) for state in STATES], in_order, nowhere)


def packed(rows: Iterable[Row]) -> dict[str, Any]:
    """The rows as columns, which compress well: poles, and incidents that say the number of their pole, or -1.

    A pole without a usable place has no latitude.
    """
    poles: dict[int, int] = {}
    names: dict[str, int] = {}
    codes, latitudes, longitudes, regions = [], [], [], []
    incidents, at, states = [], [], []
    for code, state, spot in rows:
        incidents.append(code)
        states.append(state)
        if spot is None:
            at.append(-1)
            continue
        number = poles.get(spot.pk)
        if number is None:
            number = poles[spot.pk] = len(poles)
            codes.append(spot.code)
            latitudes.append(None if spot.why else round((spot.latitude or 0) * STEP))
            longitudes.append(None if spot.why else round((spot.longitude or 0) * STEP))
            regions.append(names.setdefault(spot.region, len(names)))
        at.append(number)
    return {
        "regions": list(names),
        "outlines": [outline_of(name) for name in names],
        "poles": {"id": list(poles), "code": codes, "lat": latitudes, "lon": longitudes, "region": regions},
        "incidents": {"code": incidents, "pole": at, "state": "".join(states)},
    }
