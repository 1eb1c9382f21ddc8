"""Geometry of small charts as SVG: pure, in viewBoxes a hundred wide, and always with a point as templates need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100, 36
# Of a chart's height, so that the line's own width stays inside.
_ROOM = 4
LEVELS = 7


@dataclass(frozen=True, slots=True)
class Line:
    """Points of a polyline, and of the area between it and the ground."""

    points: str
    area: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar."""

    look: str
    x: str
    width: str


def line(
    values: Sequence[float | None], *, least: float | None = None, most: float | None = None, height: float = HEIGHT
) -> Line:
    """A line from edge to edge; what is unknown is passed over. Without a range it fills the height."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if not known:
        return Line("", "")
    numbers = [value for _place, value in known]
    low = min(numbers) if least is None else least
    high = max(numbers) if most is None else most
    step = WIDTH / max(len(values) - 1, 1)
    room = height - 2 * _ROOM
    points = [
        (step * place, height - _ROOM - (room * (value - low) / (high - low) if high > low else room / 2))
        for place, value in known
    ]
    if len(points) == 1:
        points = [(0, points[0][1]), (WIDTH, points[0][1])]
    drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return Line(drawn, f"{_n(points[0][0])},{_n(height)} {drawn} {_n(points[-1][0])},{_n(height)}")


def span(*series: Sequence[float | None]) -> tuple[float, float]:
    """The least and the greatest of all, for lines that are compared."""
    numbers = [value for values in series for value in values if value is not None]
    return (min(numbers), max(numbers)) if numbers else (0, 0)


def bar(parts: Sequence[tuple[str, int]], *, whole: int | None = None, gap: float = 0.5) -> list[Part]:
    """Pieces (look, number) side by side, together as wide as their share of the whole. Each is seen, however small."""
    shown = [(look, number) for look, number in parts if number]
    total = whole or sum(number for _look, number in shown)
    if not total:
        return []
    length = WIDTH * sum(number for _look, number in shown) / total
    room = length - gap * (len(shown) - 1)
    least = min(1.0, room / len(shown))
    widths = [max(room * number / sum(n for _l, n in shown), least) for _look, number in shown]
    scale = room / sum(widths)
    drawn, x = [], 0.0
    for (look, _number), width in zip(shown, widths, strict=True):
        drawn.append(Part(look, _n(x), _n(width * scale)))
        x += width * scale + gap
    return drawn


def heights(numbers: Sequence[int], *, most: int | None = None) -> list[int]:
    """Of a hundred; what is not nothing is at least two high."""
    top = most or max(numbers, default=0)
    return [max(2, round(100 * number / top)) if number else 0 for number in numbers]


def level(number: int, most: int) -> int:
    """A shade from 0, for nothing, to LEVELS."""
    return -(-number * LEVELS // most) if number and most else 0


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
