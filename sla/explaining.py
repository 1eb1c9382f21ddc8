"""Why a clock says what it says: the facts of its reckoning, as they are kept with a link and put into words elsewhere.

An `Account` holds facts only: moments, keys, numbers of versions. Versions of the rules never change, so the same
account reads the same for ever, in whichever language it is asked for (sla.explaining_words).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from incidents.models import Incident
from sla import clocks, history, recomputing
from sla.clock import Change, State, read
from sla.explaining_rows import Reason, Row, reckon
from sla.policies import Policies
from sla.policy import Policy
from sla.recomputing import Told

MICROSECOND = timedelta(microseconds=1)
# Clocks of the desk itself, which are nobody else's business.
OURS = frozenset({clocks.FIRST_ACTION})


@dataclass(frozen=True, slots=True)
class Before:
    """What another version of the rules, the one in force when the clock started, makes of the same history."""

    version: int
    # None: it kept no such time.
    rule: int | None
    allowed: timedelta | None
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """One clock of an incident, reckoned at `at`."""

    clock: str
    at: datetime
    version: int
    rule: int
    allowed: timedelta
    state: State
    started: datetime
    stopped: datetime | None
    spent: timedelta
    due: datetime | None
    is_breached: bool
    rows: tuple[Row, ...]
    before: Before | None = None

    @property
    def left(self) -> timedelta:
        """Less than nothing: over by so much."""
        return self.allowed - self.spent

    def as_json(self) -> dict[str, Any]:
        """For a column of JSON; `from_json` gives an equal account."""
        return {
            "clock": self.clock,
            "at": self.at.isoformat(),
            "version": self.version,
            "rule": self.rule,
            "allowed": _number(self.allowed),
            "state": self.state.value,
            "started": self.started.isoformat(),
            "stopped": _text(self.stopped),
            "spent": _number(self.spent),
            "due": _text(self.due),
            "is_breached": self.is_breached,
            "rows": [_row_as_json(row) for row in self.rows],
            "before": _before_as_json(self.before) if self.before else None,
        }


def from_json(told: Mapping[str, Any]) -> Account:
    before = told["before"]
    return Account(
        clock=told["clock"],
        at=datetime.fromisoformat(told["at"]),
        version=told["version"],
        rule=told["rule"],
        allowed=told["allowed"] * MICROSECOND,
        state=State(told["state"]),
        started=datetime.fromisoformat(told["started"]),
        stopped=_moment(told["stopped"]),
        spent=told["spent"] * MICROSECOND,
        due=_moment(told["due"]),
        is_breached=told["is_breached"],
        rows=tuple(_row_from_json(row) for row in told["rows"]),
        before=Before(
            before["version"],
            before["rule"],
            None if before["allowed"] is None else before["allowed"] * MICROSECOND,
            _moment(before["due"]),
        )
        if before
        else None,
    )


def explain(incident: Incident, now: datetime) -> list[Account]:
    """Every clock of the incident that has started, as it stands at `now`; the incident comes from recomputing.load."""
    policies = Policies()
    changes = history.of([incident])[incident.pk]
    return [
        _account(incident, clock, told, changes, policies, now)
        for clock, told in recomputing.tell(incident, changes, policies, now)
    ]


def _account(
    incident: Incident, clock: str, told: Told, changes: Sequence[Change], policies: Policies, now: datetime
) -> Account:
    reading, rule = told.reading, told.rule
    policy = next(each for each in (policies.newest(), *policies.earlier()) if each.version == told.version)
    rows = reckon(changes, rule, reading, now, opened=incident.opened_at, day_names=_day_names(policy, told.number))
    return Account(
        clock=clock,
        at=now,
        version=told.version,
        rule=told.number,
        allowed=rule.allowed,
        state=reading.state,
        started=told.started,
        stopped=reading.stopped,
        spent=reading.spent,
        due=reading.due,
        is_breached=reading.is_breached,
        rows=tuple(rows),
        before=_before(incident, clock, told, changes, policies.at(told.started), now),
    )


def _day_names(policy: Policy, number: int) -> Mapping[str, str]:
    calendar = policy.lines[number - 1].calendar
    names: Mapping[str, str] = policy.document.get("calendars", {}).get(calendar, {}).get("day_names", {})
    return names


def _before(
    incident: Incident, clock: str, told: Told, changes: Sequence[Change], policy: Policy, now: datetime
) -> Before | None:
    """None where the version of the start says the same as the one that counts."""
    if policy.version == told.version:
        return None
    chosen = policy.choose(clock, recomputing.facts_of(incident)) if clock in policy.kinds else None
    if chosen is None:
        return Before(policy.version, None, None, None)
    line, rule = chosen
    reading = read(changes, rule, now)
    if (rule.allowed, reading.due, reading.spent) == (told.rule.allowed, told.reading.due, told.reading.spent):
        return None
    return Before(policy.version, line.number, rule.allowed, reading.due)


def versions_of(accounts: Iterable[Account]) -> set[int]:
    """The numbers of the versions that these accounts name."""
    return {
        number for each in accounts for number in (each.version, each.before.version if each.before else 0) if number
    }


def _row_as_json(row: Row) -> dict[str, Any]:
    told = {"start": row.start.isoformat(), "end": row.end.isoformat(), "counted": _number(row.counted)}
    facts = {"day": row.day, "status": row.status, "word": row.word, "by": row.by, "days": row.days}
    return {**told, "reason": row.reason.value, **{name: fact for name, fact in facts.items() if fact}}


def _row_from_json(told: Mapping[str, Any]) -> Row:
    facts = {name: told[name] for name in ("day", "status", "word", "by", "days") if name in told}
    return Row(
        datetime.fromisoformat(told["start"]),
        datetime.fromisoformat(told["end"]),
        told["counted"] * MICROSECOND,
        Reason(told["reason"]),
        **facts,
    )


def _before_as_json(before: Before) -> dict[str, Any]:
    return {
        "version": before.version,
        "rule": before.rule,
        "allowed": None if before.allowed is None else _number(before.allowed),
        "due": _text(before.due),
    }


def _number(length: timedelta) -> int:
    return length // MICROSECOND


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
