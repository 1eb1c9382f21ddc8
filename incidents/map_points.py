"""Where open incidents stand on the map: one query, counted by region, and packed for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents.filters import DeskFilter
from incidents.map_regions import Box, boxes, outline_of
from incidents.map_states import STATES, State, with_state, worst
from incidents.models import Incident
from incidents.queues import QUEUES

if TYPE_CHECKING:
    from dispatchers.models import User

# All that can be the country's, Chukotka's longitudes going on beyond the 180th meridian.
COUNTRY = Box(19, 41, 191, 82.5)
# Degrees by which a pole may stand outside of its region's box: borders are simplified, regions are written loosely.
MARGIN = 4
# Of a degree; four digits tell eleven metres.
STEP = 10_000
# What is wrong with a place, in the words of the list.
NO_POLE, NO_PLACE, NOUGHT, ABROAD, FAR = "no_pole", "no_place", "nought", "abroad", "far"
WRONG: dict[str, str | Promise] = {
    NO_POLE: pgettext_lazy("place of an incident", "without a site"),
    NO_PLACE: pgettext_lazy("place of an incident", "the pole has no coordinates"),
    NOUGHT: pgettext_lazy("place of an incident", "the pole's coordinates are 0, 0"),
    ABROAD: pgettext_lazy("place of an incident", "the pole's coordinates are outside of the country"),
    FAR: pgettext_lazy("place of an incident", "the pole's coordinates are far from its region"),
}


class Row(NamedTuple):
    """An open incident as the map needs it."""

    code: str
    state: str
    pole: int | None
    pole_code: str | None
    latitude: float | None
    longitude: float | None
    region: str | None


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
    columns = ("code", "map_state", "pole_id", "pole__code", "pole__latitude", "pole__longitude", "pole__region_ru")
    parts = filters.apply(Incident.objects.open(), person, now)
    asked = [with_state(part.filter(code__in=codes) if codes else part, now).order_by() for part in parts]
    rows = [row for part in asked for row in map(Row._make, part.values_list(*columns))]
    # Parts may overlap.
    return rows if len(parts) == 1 else list({row.code: row for row in rows}.values())


def wrong(row: Row) -> str:
    """Why the incident cannot be put on the map; empty where it can."""
    if row.pole is None:
        return NO_POLE
    return wrong_place(row.latitude, row.longitude, row.region or "")


def wrong_place(latitude: float | None, longitude: float | None, region: str) -> str:
    if latitude is None or longitude is None:
        return NO_PLACE
    if latitude == 0 and longitude == 0:
        return NOUGHT
    if not COUNTRY.holds(latitude, longitude, margin=0):
        return ABROAD
    box = boxes().get(outline_of(region))
    return FAR if box and not box.holds(latitude, longitude, margin=MARGIN) else ""


def summary(rows: Iterable[Row], hidden: frozenset[str]) -> Summary:
    """Counted for the legend and the list: regions with most overdue ones first."""
    states: Counter[str] = Counter()
    regions: dict[str, Region] = {}
    nowhere = 0
    for row in rows:
        states[row.state] += 1
        if row.state in hidden:
            continue
        name = row.region or ""
        if name not in regions:
            regions[name] = Region(name, outline_of(name))
        regions[name].numbers[row.state] += 1
        nowhere += bool(wrong(row))
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
    for code, state, pole, pole_code, latitude, longitude, region in rows:
        incidents.append(code)
        states.append(state)
        if pole is None:
            at.append(-1)
            continue
        number = poles.get(pole)
        if number is None:
            number = poles[pole] = len(poles)
            is_placed = not wrong_place(latitude, longitude, region or "")
            codes.append(pole_code)
            latitudes.append(round((latitude or 0) * STEP) if is_placed else None)
            longitudes.append(round((longitude or 0) * STEP) if is_placed else None)
            regions.append(names.setdefault(region or "", len(names)))
        at.append(number)
    return {
        "regions": list(names),
        "outlines": [outline_of(name) for name in names],
        "poles": {"id": list(poles), "code": codes, "lat": latitudes, "lon": longitudes, "region": regions},
        "incidents": {"code": incidents, "pole": at, "state": "".join(states)},
    }
