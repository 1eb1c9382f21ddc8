"""A clock of an incident: a pure function of what happened, a rule and a calendar.

What happened is a list of changes, each known by words such as `opened`, `status:closed`, `class:end`, `letter:out`.
A rule says which words start, stop and resume the clock, and in which statuses it stands still. Nothing is stored
here: deadlines and states that pages and queues show are caches of what this module says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from sla.calendars import Calendar

Words: TypeAlias = frozenset[str]


class Change(NamedTuple):
    """One thing that happened. `status` is the status from this moment on; `event` and `by` are for the explanation."""

    at: datetime
    words: Words
    status: str = ""
    event: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a clock runs. A word of `resumes` sets a stopped clock going again with the time it had left."""

    allowed: timedelta
    calendar: Calendar
    starts: Words
    stops: Words
    resumes: Words = frozenset()
    # Keys of statuses.
    pauses: Words = frozenset()


class State(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Phase(NamedTuple):
    """The clock did one thing from a change to the next; `end` is None while it goes on."""

    start: datetime
    end: datetime | None
    state: State
    cause: Change


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock says. `spent` is counted time up to `now`.

    `due`: when the time allowed is over, or was; None while the clock stands still with time left, since nobody knows
    then, and where it has not started. Breached: it ran on after `due`.
    """

    state: State
    started: datetime | None
    stopped: datetime | None
    spent: timedelta
    due: datetime | None
    is_breached: bool
    phases: tuple[Phase, ...]


def read(history: Sequence[Change], rule: Rule, now: datetime) -> Reading:
    """What the clock says at `now`. Changes are in order; whatever lies after `now` has not happened."""
    phases = tuple(_phases([change for change in history if change.at <= now], rule))
    if not phases:
        return Reading(State.IDLE, None, None, timedelta(), None, False, ())
    spent, due, is_breached = timedelta(), None, False
    for phase in phases:
        if phase.state is not State.RUNNING:
            continue
        # Time that is over stays over, whatever follows.
        if due is None or spent < rule.allowed:
            due = rule.calendar.after(phase.start, rule.allowed - spent)
        end = phase.end or now
        spent += rule.calendar.counted(phase.start, end)
        # Not by what was spent: whoever ends on Saturday what was due on Friday evening is late by no working minute.
        is_breached = is_breached or (due is not None and end > due)
    last = phases[-1]
    stands = last.state is State.PAUSED
    if last.state is State.STOPPED and not is_breached:
        # It may have stood still before it stopped: then the deadline had moved on with it.
        due = rule.calendar.after(last.start, rule.allowed - spent)
    return Reading(
        state=last.state,
        started=phases[0].start,
        stopped=last.start if last.state is State.STOPPED else None,
        spent=spent,
        due=None if stands and not is_breached else due,
        is_breached=is_breached,
        phases=phases,
    )


def _phases(history: Sequence[Change], rule: Rule) -> Iterator[Phase]:
    """What the clock did, from its start on. Changes that change nothing for it are left out."""
    state, since, cause = State.IDLE, None, None
    status = ""
    for change in history:
        status = change.status or status
        follows = _next(state, change, status, rule)
        if follows is state:
            continue
        if since is not None and cause is not None:
            yield Phase(since, change.at, state, cause)
        state, since, cause = follows, change.at, change
    if since is not None and cause is not None:
        yield Phase(since, None, state, cause)


def _next(state: State, change: Change, status: str, rule: Rule) -> State:
    """A change that starts and stops at once, as closing by hand-over would, stops."""
    goes = State.PAUSED if status in rule.pauses else State.RUNNING
    if state is State.IDLE:
        return goes if change.words & rule.starts else state
    if state is State.STOPPED:
        return goes if change.words & rule.resumes and not change.words & rule.stops else state
    return State.STOPPED if change.words & rule.stops else goes
