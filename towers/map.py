"""A map as numbers: where on a drawing a pole, its neighbours, rings, a scale and map tiles stand. Pure.

Web Mercator throughout, as tiles are cut by it; at the size of a neighbourhood it keeps distances and directions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from towers.places import EARTH_KM, Place, kilometres

# Of rings, kilometres.
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
# A map of less would show nothing but the pin.
LEAST_KM = 0.5
# So that their labels do not touch.
RING_APART = 26
# Between the outer ring and the edge: there the ring is labelled.
MARGIN = 16
TILE = 256
MOST_ZOOM = 19
# Web Mercator ends here.
MOST_LATITUDE = 85.0
# Of a label's letter at 10 px, and the height of its line.
LETTER, LINE = 5.9, 12


@dataclass(frozen=True, slots=True)
class Spot:
    """A neighbour to be drawn. `look` is its state and shape; an empty one is drawn quietly, without a label."""

    place: Place
    label: str
    title: str
    look: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A spot at its place of the drawing. Its label has found room, or is left to the title."""

    spot: Spot
    x: float
    y: float
    label_x: float | None = None
    label_y: float | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle of so many kilometres around the middle."""

    km: float
    radius: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture of a tile server and its square of the drawing."""

    url: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The map of one place. Lengths are in units of its view box."""

    width: int
    height: int
    label: str
    look: str
    rings: tuple[Ring, ...]
    marks: tuple[Mark, ...]
    scale: Ring
    tiles: tuple[Tile, ...]

    @property
    def x(self) -> float:
        return self.width / 2

    @property
    def y(self) -> float:
        return self.height / 2


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The projection onto one drawing: the width of the whole world in its units, and the place in its middle."""

    world: float
    middle: Place
    width: int
    height: int

    def put(self, place: Place) -> tuple[float, float]:
        across = (place.longitude - self.middle.longitude + 180) % 360 - 180
        down = _down(self.middle.latitude) - _down(place.latitude)
        return self.width / 2 + self.world * across / 360, self.height / 2 - self.world * down


def _down(latitude: float) -> float:
    """How far below the top of the square world a latitude lies, 0 to 1."""
    held = math.radians(max(-MOST_LATITUDE, min(MOST_LATITUDE, latitude)))
    return (1 - math.asinh(math.tan(held)) / math.pi) / 2


def reach(middle: Place, spots: Sequence[Spot], usual: float) -> float:
    """Kilometres within which all of them stand, with a little room; the usual ones where there are none."""
    farthest = max((kilometres(middle, spot.place) for spot in spots), default=usual)
    return max(farthest * 1.06, LEAST_KM)


def ring_kms(km: float, per_km: float) -> list[float]:
    """Round distances up to this one, two to four of them; the longest one alone where two would stand too close."""
    step = next(each for each in reversed(STEPS) if 2 * each <= km)
    if step * per_km < RING_APART:
        return [max(each for each in STEPS if each <= km)]
    return [round(step * number, 1) for number in range(1, 5) if step * number <= km]


def draw(
    middle: Place,
    spots: Sequence[Spot],
    *,
    label: str,
    look: str = "",
    usual_km: float = 10,
    width: int = 352,
    height: int = 200,
    tiles: str = "",
) -> Drawing:
    """The map around a place. `tiles`: the address of a tile with {z}, {x} and {y}; empty for none."""
    km = reach(middle, spots, usual_km)
    radius = min(width, height) / 2 - MARGIN
    per_km = radius / km
    held = max(-MOST_LATITUDE, min(MOST_LATITUDE, middle.latitude))
    world = per_km * 2 * math.pi * EARTH_KM * math.cos(math.radians(held))
    sheet = _Sheet(world, middle, width, height)
    return Drawing(
        width=width,
        height=height,
        label=label,
        look=look,
        rings=tuple(Ring(each, _round(each * per_km)) for each in ring_kms(km, per_km)),
        marks=_labelled(sheet, spots, label),
        scale=_scale(per_km, width / 4),
        tiles=tuple(_tiles(sheet, tiles)) if tiles else (),
    )


def _labelled(sheet: _Sheet, spots: Sequence[Spot], own: str) -> tuple[Mark, ...]:
    """The spots, quiet ones below; a label stands right or left of its spot where nothing is covered by it."""
    x, y = sheet.width / 2, sheet.height / 2
    # The pin and its label.
    taken = [_Box(x - 10, y - 22, x + 10, y + 2), _Box.of_label(x + 13, y - 8, own)]
    edges = _Box(2, 2, sheet.width - 2, sheet.height - 2)
    placed = [(spot, *sheet.put(spot.place)) for spot in spots]
    taken += [_Box(at_x - 6, at_y - 6, at_x + 6, at_y + 6) for spot, at_x, at_y in placed if spot.look]
    quiet = [Mark(spot, _round(at_x), _round(at_y)) for spot, at_x, at_y in placed if not spot.look]
    loud = []
    for spot, at_x, at_y in placed:
        if not spot.look:
            continue
        place = None
        for left in (at_x + 8, at_x - 8 - LETTER * len(spot.label)):
            box = _Box.of_label(left, at_y + 3.5, spot.label)
            if box.is_within(edges) and not any(box.meets(each) for each in taken):
                taken.append(box)
                place = _round(left), _round(at_y + 3.5)
                break
        loud.append(Mark(spot, _round(at_x), _round(at_y), *(place or (None, None))))
    return (*quiet, *loud)


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def of_label(cls, x: float, y: float, text: str) -> _Box:
        """What a line of text covers whose base line begins here."""
        return cls(x, y - LINE + 3, x + LETTER * len(text), y + 3)

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def is_within(self, other: _Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def _scale(per_km: float, longest: float) -> Ring:
    """The longest bar of a round length that is not longer than this."""
    exponent = math.floor(math.log10(longest / per_km))
    fitting = [step * 10.0**exponent for step in (5, 2, 1) if step * 10.0**exponent * per_km <= longest]
    km = fitting[0] if fitting else 10.0**exponent
    return Ring(km, _round(km * per_km))


def _tiles(sheet: _Sheet, template: str) -> Iterator[Tile]:
    """The tiles that cover the drawing, at the zoom that shows them nearest to their own size."""
    zoom = max(0, min(MOST_ZOOM, round(math.log2(sheet.world / TILE))))
    number = 2**zoom
    size = sheet.world / number
    left = (sheet.middle.longitude + 180) / 360 * sheet.world - sheet.width / 2
    top = _down(sheet.middle.latitude) * sheet.world - sheet.height / 2
    for row in range(math.floor(top / size), math.floor((top + sheet.height) / size) + 1):
        if not 0 <= row < number:
            continue
        for column in range(math.floor(left / size), math.floor((left + sheet.width) / size) + 1):
            url = template
            for name, value in (("{z}", zoom), ("{x}", column % number), ("{y}", row)):
                url = url.replace(name, str(value))
            yield Tile(url, _round(column * size - left), _round(row * size - top), _round(size))


def _round(length: float) -> float:
    return round(length, 2)
