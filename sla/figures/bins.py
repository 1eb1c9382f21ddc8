"""Lengths of time in fixed bins, so that the sums of days give medians of years.

The edges are such that people's own limits lie on them: each minute of the first ten, each hour of the first day. A
median is found inside its bin by a straight line, so it is off by less than a bin's width; how much that is in truth:
docs/decisions/015-figures.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import timedelta

from sla.figures.answers import Bin, Spread

_HOUR, _DAY = 60, 24 * 60
# (up to, in steps of), in minutes.
_STEPS = (
    (10, 1), (20, 2), (30, 5), (_HOUR, 10), (2 * _HOUR, 15), (6 * _HOUR, 30), (_DAY, _HOUR), (2 * _DAY, 3 * _HOUR),
    (4 * _DAY, 6 * _HOUR), (14 * _DAY, _DAY), (30 * _DAY, 4 * _DAY), (60 * _DAY, 10 * _DAY),
)  # fmt: skip


def _edges() -> Iterator[int]:
    edge = 0
    for up_to, step in _STEPS:
        while edge < up_to:
            edge += step
            yield 60 * edge


# In seconds: bin n holds what is at least EDGES[n - 1] and less than EDGES[n], as width_bucket of SQL has it.
EDGES = tuple(_edges())


def in_sql(start: str, end: str) -> str:
    """The bin of the time between two columns; of what ended before it began, the first one."""
    return f"width_bucket(extract(epoch FROM {end} - {start}), ARRAY[{', '.join(map(str, EDGES))}]::numeric[])"


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
    passed, last = 0, 0
    for last in sorted(numbers):
        if passed + numbers[last] >= wanted:
            break
        passed += numbers[last]
    start, end = _edge(last), _edge(min(last + 1, len(EDGES)))
    return start + (end - start) * min((wanted - passed) / numbers[last], 1)


def _edge(n: int) -> timedelta:
    """Where bin n begins."""
    return timedelta(seconds=EDGES[n - 1]) if n else timedelta()
