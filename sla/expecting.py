"""Deadlines of clocks that have not begun: what letters say before the step that they are part of is taken."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Incident
from sla import clocks
from sla.policies import Policies
from sla.recomputing import facts_of


def contractor_deadline(incident: Incident, now: datetime) -> datetime | None:
    """When the contractor's time would be over if he got the job now; None where no rule gives him a time."""
    chosen = Policies().newest().choose(clocks.CONTRACTOR, facts_of(incident))
    if chosen is None:
        return None
    _line, rule = chosen
    return rule.calendar.after(now, rule.allowed)
