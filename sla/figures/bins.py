"""Lengths of time in fixed bins, so that the sums of days give medians of years.

The edges are such that people's own limits lie on them: each minute of the first ten, each hour of the first day. A
median is found inside its bin by a straight line, so it is at most a bin's width off: half a minute below ten minutes,
a fifth of the value above (measured on real shapes: docs/decisions/015-figures.md).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import timedelta

from sla.figures.answers import Bin, Spread

HOUR, DAY = 60, 24 * 60
# (up to, in steps of), in minutes.
_STEPS = (
    (10, 1), (30, 2), (HOUR, 5), (4 * HOUR, 10), (12 * HOUR, 30), (DAY, HOUR), (3 * DAY, 4 * HOUR),
    (14 * DAY, 12 * HOUR), (60 * DAY, 2 * DAY),
)  # fmt: skip


def _edges() -> Iterator[int]:
    edge = 0
    for up_to, step in _STEPS:
        while edge < up_to:
            edge += step
            yield 60 * edge


# In seconds: bin n holds what is at least EDGES[n - 1] and less than EDGES[n], as width_bucket of SQL has it.
EDGES = tuple(_edges())
SQL_EDGES = f"ARRAY[{', '.join(map(str, EDGES))}]::integer[]"


def bin_of(length: timedelta) -> int:
    return bisect_right(EDGES, length.total_seconds())


def spread(numbers: Mapping[int, int]) -> Spread:
    """From how many fell into each bin."""
    bins = tuple(
        Bin(_edge(n), _edge(n + 1) if n < len(EDGES) else None, numbers.get(n, 0)) for n in range(len(EDGES) + 1)
    )
    return Spread(bins, quantile(numbers, 0.5), quantile(numbers, 0.9))


def quantile(numbers: Mapping[int, int], part: float) -> timedelta | None:
    """The length that so large a part does not exceed; None of nothing."""
    wanted = part * sum(numbers.values())
    if not wanted:
        return None
    passed = 0
    for each in sorted(numbers):
        if passed + numbers[each] >= wanted:
            start, end = _edge(each), _edge(min(each + 1, len(EDGES)))
            return start + (end - start) * ((wanted - passed) / numbers[each])
        passed += numbers[each]
    raise AssertionError("the parts of a whole come to the whole")


def _edge(n: int) -> timedelta:
    """Where bin n begins."""
    return timedelta(seconds=EDGES[n - 1]) if n else timedelta()
