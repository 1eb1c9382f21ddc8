"""The rules in force: the newest version for what runs, the version of its end for what has ended."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from sla.models import PolicyVersion
from sla.policy import Policy

# By key of the row. A version never changes, so each is read once a process.
_read: dict[int, Policy] = {}


class Policies:
    """All versions as they are now; one query for their moments."""

    def __init__(self) -> None:
        self._versions = list(PolicyVersion.objects.order_by("number").values_list("at", "pk"))

    def newest(self) -> Policy:
        return policy(self._versions[-1][1])

    def earlier(self) -> Iterator[Policy]:
        """Those that are no longer in force, the last one first."""
        return (policy(key) for _at, key in reversed(self._versions[:-1]))

    @cached_property
    def clocks(self) -> tuple[str, ...]:
        """Every clock that any version knows, so that what has ended stays when its clock is taken away."""
        return tuple({clock: None for each in (self.newest(), *self.earlier()) for clock in each.kinds})

    def at(self, moment: datetime) -> Policy:
        """The version in force then; for what lies before the first one, the first one."""
        place = bisect_right(self._versions, moment, key=lambda row: row[0])
        return policy(self._versions[max(place - 1, 0)][1])


class Supposed(Policies):
    """As if these rules were in force from now on."""

    def __init__(self, newest: Policy) -> None:
        super().__init__()
        self._newest = newest

    def newest(self) -> Policy:
        return self._newest

    def earlier(self) -> Iterator[Policy]:
        yield super().newest()
        yield from super().earlier()


def policy(key: int) -> Policy:
    if key not in _read:
        row = PolicyVersion.objects.get(pk=key)
        _read[key] = Policy(row.number, row.document)
    return _read[key]
