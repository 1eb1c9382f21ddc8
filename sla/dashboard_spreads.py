"""How long things took, in the few columns that a page has room for, and the time that the rules allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from incidents.models import IncidentType
from incidents.stretches import Stretch
from sla import charts, clocks
from sla.dashboard_links import Links
from sla.figures.answers import Spread
from sla.policies import Policies

HOUR, DAY = 60, 24 * 60
# Edges in minutes; all of them are edges of sla.figures.bins too.
ANSWER_EDGES = (0, 5, 10, 20, 30, HOUR, 2 * HOUR, 4 * HOUR)
REPAIR_EDGES = (0, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the chart: from, to, how many, and where they are listed. `title` leaves the unit out."""

    stretch: Stretch
    title: str
    number: int
    height: int
    href: str
    is_late: bool

    @property
    def top(self) -> int:
        """Where it begins in a chart that is a hundred high."""
        return 100 - self.height


@dataclass(frozen=True, slots=True)
class Distribution:
    columns: list[Column]
    number: int
    median: timedelta | None
    p90: timedelta | None
    # The one time that the rules allow; None where they allow several, or none.
    limit: timedelta | None
    limits: tuple[timedelta, ...]
    # How many took as long as the limit or longer.
    beyond: int
    beyond_href: str
    unit: str

    @property
    def most_allowed(self) -> timedelta:
        return self.limits[-1]


def answers(spread: Spread, links: Links) -> Distribution:
    """From the opening to the first letter of ours, of those opened in the period."""
    return _distribution(spread, ANSWER_EDGES, 1, _limits(clocks.FIRST_ANSWER), "answered", links.arrived)


def repairs(spread: Spread, links: Links, types: tuple[str, ...]) -> Distribution:
    """From the opening to closing, of those closed in the period; `types` are the chosen ones, none means all."""
    return _distribution(spread, REPAIR_EDGES, HOUR, _limits(clocks.INCIDENT, types), "took", links.ended)


def _distribution(
    spread: Spread,
    edges: tuple[int, ...],
    unit: int,
    limits: tuple[timedelta, ...],
    name: str,
    list_of: Callable[..., str],
) -> Distribution:
    stretches = [Stretch(low, high) for low, high in zip(edges, (*edges[1:], None), strict=True)]
    numbers = [_within(spread, stretch) for stretch in stretches]
    limit = limits[0] if len(limits) == 1 else None
    edge = None if limit is None else round(limit.total_seconds() / 60)
    columns = [
        Column(
            stretch,
            stretch.bare(unit),
            number,
            height,
            list_of(**{name: str(stretch)}),
            is_late=edge is not None and stretch.since >= edge,
        )
        for stretch, number, height in zip(stretches, numbers, charts.heights(numbers), strict=True)
    ]
    beyond = 0 if limit is None else spread.number - spread.within(limit)
    href = "" if edge is None else list_of(**{name: str(Stretch(edge))})
    named = _("hours") if unit == HOUR else _("minutes")
    return Distribution(columns, spread.number, spread.median, spread.p90, limit, limits, beyond, href, named)


def _within(spread: Spread, stretch: Stretch) -> int:
    least, most = stretch.lengths
    return sum(
        each.number
        for each in spread.bins
        if each.since >= least and (most is None or (each.to is not None and each.to <= most))
    )


def _limits(clock: str, types: tuple[str, ...] = ()) -> tuple[timedelta, ...]:
    """All times that the newest rules allow incidents of these types, where nothing else is known of them."""
    policy = Policies().newest()
    kinds = IncidentType.objects.filter(is_active=True)
    kinds = kinds.filter(pk__in=[key for key in types if key.isdigit()]) if types else kinds
    keys = kinds.values_list("key", flat=True) if clock == clocks.INCIDENT else [""]
    chosen = [policy.choose(clock, {"type": key}) for key in keys]
    return tuple(sorted({rule.allowed for _line, rule in filter(None, chosen)}))
