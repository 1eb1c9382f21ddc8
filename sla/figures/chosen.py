"""What the dashboard is asked for: days of the desk's calendar, and what the incidents have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

TYPE, REGION, GROUP, OPERATOR = "type", "region", "group", "operator"
CONTRACTOR, DISPATCHER = "contractor", "dispatcher"
# What incidents are broken down by, and narrowed to.
DIMENSIONS = (TYPE, REGION, GROUP, OPERATOR, CONTRACTOR, DISPATCHER)
# The key of what has no type, no region, nobody …; as the desk's addresses write it.
NONE = "none"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Days, both included, and for each dimension that is narrowed the keys taken: any of them.

    Keys are words as the desk's addresses write them: the row's number for types, operators, contractors and people,
    the name for regions and groups, NONE for what has none.
    """

    since: date
    until: date
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # The period before another one, of which less is asked.
    is_compared: bool = False

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError("the last day lies before the first one")
        if unknown := self.filters.keys() - set(DIMENSIONS):
            raise ValueError(f"no such dimension: {', '.join(sorted(unknown))}")

    @property
    def length(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def each_day(self) -> Iterator[date]:
        return (self.since + n * DAY for n in range(self.length))

    def before(self) -> Chosen:
        """The period to compare with: whole months give as many months before, other days as many days before."""
        if self.since.day == 1 and (self.until + DAY).day == 1:
            months = 12 * (self.until.year - self.since.year) + self.until.month - self.since.month + 1
            return replace(self, since=_months_back(self.since, months), until=self.since - DAY, is_compared=True)
        return replace(self, since=self.since - self.length * DAY, until=self.since - DAY, is_compared=True)


def _months_back(first: date, months: int) -> date:
    years, month = divmod(12 * first.year + first.month - 1 - months, 12)
    return date(years, month + 1, 1)
