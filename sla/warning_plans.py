"""When the rules want people warned: minutes before a deadline, at it, and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sla.clock import State
from sla.models import IncidentClock
from sla.policies import Policies
from sla.policy import Line


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of all clocks under one rule, the earliest first; see DeadlineWarning.step."""

    clock: str
    version: int
    rule: int
    steps: tuple[int, ...]
    # From this step on managers are told; None: never.
    managers_from: int | None

    @classmethod
    def of(cls, line: Line, version: int) -> Plan:
        managers_from = None if line.escalate is None else -line.escalate
        steps = {*line.warn, 0} | (set() if managers_from is None else {managers_from})
        return cls(line.clock, version, line.number, tuple(sorted(steps, reverse=True)), managers_from)

    def is_for_managers(self, step: int) -> bool:
        return self.managers_from is not None and step <= self.managers_from


def in_use(now: datetime) -> Iterator[Plan]:
    """A plan for each rule by which some clock runs whose first step may have come.

    Clocks run by the newest version but for the minutes in which open incidents are brought up to a new one.
    """
    policies = Policies()
    newest = policies.newest()
    earliest = max((Plan.of(line, newest.version).steps[0] for line in newest.lines), default=0)
    near = IncidentClock.objects.filter(
        state=State.RUNNING, clock__in=policies.clocks, due_at__lte=now + timedelta(minutes=earliest)
    )
    used = sorted(near.order_by().values_list("version", "rule").distinct())
    known = {each.version: each for each in (newest, *policies.earlier())}
    return (Plan.of(known[version].lines[rule - 1], version) for version, rule in used)
