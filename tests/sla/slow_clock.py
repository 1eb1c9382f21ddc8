"""A clock as somebody with patience reads it: minute by minute, obvious, slow. Changes lie on whole minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sla.calendars import Calendar
from sla.clock import Change, Rule, State

MINUTE = timedelta(minutes=1)


class Slow(NamedTuple):
    """`over`: when the time allowed was used up, if it is; `is_late`: the clock ran on then."""

    state: State
    spent: timedelta
    over: datetime | None
    is_late: bool


def counts(calendar: Calendar, moment: datetime) -> bool:
    wall = moment.astimezone(calendar.zone)
    return any(since <= wall.hour * 60 + wall.minute < to for since, to in calendar.intervals(wall.date()))


def slowly(history: Sequence[Change], rule: Rule, start: datetime, now: datetime) -> Slow:
    """What the clock says at `now`; nothing happened before `start`."""
    state, status, spent, over, is_late = "idle", "", timedelta(), None, False
    moment, left = start, list(history)
    while True:
        while left and left[0].at <= moment:
            what = left.pop(0)
            status = what.status or status
            if state == "idle" and what.words & rule.starts:
                state = "started"
            elif state == "started" and what.words & rule.stops:
                state = "stopped"
            elif state == "stopped" and what.words & rule.resumes and not what.words & rule.stops:
                state = "started"
        if moment >= now:
            break
        runs = state == "started" and status not in rule.pauses
        is_late = is_late or (runs and over is not None)
        if runs and counts(rule.calendar, moment):
            spent += MINUTE
            if spent == rule.allowed:
                over = moment + MINUTE
        moment += MINUTE
    names = {"idle": State.IDLE, "stopped": State.STOPPED}
    going = State.PAUSED if status in rule.pauses else State.RUNNING
    return Slow(names.get(state, going), spent, over, is_late)
