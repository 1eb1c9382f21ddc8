"""The reckoning of a clock in words: every interval with its reason, the rule, its version and who made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.clocks import exact
from incidents.models import Incident
from sla import rule_words
from sla.clock import State
from sla.explaining import OURS, Account, Before, versions_of
from sla.explaining_rows import Reason, Row
from sla.models import PolicyVersion
from sla.policies import Policies
from sla.policy import Line as RuleLine
from sla.policy import Policy
from sla.recomputing import facts_of
from sla.rule_words import Names

MINUTE = timedelta(minutes=1)
ICONS = {
    Reason.RUNS: "check",
    Reason.RUNS_SPECIAL: "check",
    Reason.DAYS: "check",
    Reason.OFF_HOURS: "moon",
    Reason.HOLIDAY: "calendar",
    Reason.STATUS: "player-pause",
    Reason.STOPPED: "circle-check",
    Reason.NOT_STARTED: "circle-dashed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An interval as the page shows it."""

    start: datetime
    end: datetime
    counted: timedelta
    is_counted: bool
    icon: str
    text: str
    # Of our people; empty where they are not named, or nobody did it.
    who: str
    # The first one after the time was over.
    begins_late: bool = False

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Explained:
    """A clock with its reckoning, ready for a page."""

    account: Account
    title: str
    # The rule, and the version it stands in.
    rule: str
    version: PolicyVersion
    lines: tuple[Line, ...]
    # What the version said that was in force when the clock started; empty where it said the same.
    before: str

    @property
    def look(self) -> str:
        if self.account.is_breached:
            return "is-over"
        return {State.PAUSED: "is-wait", State.STOPPED: "is-done"}.get(self.account.state, "")

    @property
    def icon(self) -> str:
        if self.account.is_breached:
            return "alert-octagon"
        return {State.PAUSED: "player-pause", State.STOPPED: "circle-check"}.get(self.account.state, "clock")

    @property
    def state(self) -> str:
        """How it stands, in a few words."""
        account = self.account
        if account.state is State.STOPPED:
            return _("Stopped late") if account.is_breached else _("Stopped in time")
        if account.state is State.PAUSED:
            return _("Overdue, stands still") if account.is_breached else _("Stands still")
        return _("Overdue, runs on") if account.is_breached else _("Runs")

    @property
    def may_be_linked(self) -> bool:
        return self.account.clock not in OURS

    @property
    def over(self) -> timedelta:
        return -self.account.left


def say(accounts: Sequence[Account], *, with_people: bool) -> list[Explained]:
    """The accounts in the reader's language; a number of queries that does not grow with them.

    Without people: for strangers, who are not told our names, nor whom the desk warns.
    """
    rows = PolicyVersion.objects.select_related("by").filter(number__in=versions_of(accounts))
    versions = {row.number: row for row in rows}
    names = Names(tuple(versions[number].document for number in sorted(versions, reverse=True)))
    policies = {number: Policy(number, row.document) for number, row in versions.items()}
    return [_say(each, versions, policies, names, with_people) for each in accounts]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A clock that has not started: by which rule it would run; no rule, no time."""

    title: str
    rule: str
    course: str


def waiting(incident: Incident, clock: str) -> Waiting | None:
    """None where the rules know no such clock."""
    policy = Policies().newest()
    if clock not in policy.kinds:
        return None
    names = Names((policy.document,))
    chosen = policy.choose(clock, facts_of(incident))
    rule = str(rule_words.say(chosen[0], names)) if chosen else ""
    return Waiting(names.clock(clock), rule, rule_words.course(clock, policy, names))


def _say(
    account: Account,
    versions: Mapping[int, PolicyVersion],
    policies: Mapping[int, Policy],
    names: Names,
    with_people: bool,
) -> Explained:
    policy = policies[account.version]
    line = policy.lines[account.rule - 1]
    # Whom the desk warns, and when, is its own business.
    told = line if with_people else replace(line, warn=(), escalate=None)
    return Explained(
        account=account,
        title=names.clock(account.clock),
        rule=str(rule_words.say(told, names)),
        version=versions[account.version],
        lines=tuple(_lines(account, policy, line, names, with_people)),
        before=_before(account.before, versions, names) if account.before else "",
    )


def _lines(account: Account, policy: Policy, line: RuleLine, names: Names, with_people: bool) -> Iterable[Line]:
    due, is_late = account.due, False
    for row in account.rows:
        who = row.by if with_people else ""
        begins_late = due is not None and not is_late and row.start >= due and account.is_breached
        is_late = is_late or begins_late
        text = _reason(row, policy, line, names)
        yield Line(row.start, row.end, row.counted, row.is_counted, ICONS[row.reason], text, who, begins_late)


def _reason(row: Row, policy: Policy, line: RuleLine, names: Names) -> str:
    calendar = names.calendar(line.calendar)
    match row.reason:
        case Reason.RUNS:
            return _("Working hours of “%(name)s”") % {"name": calendar} if calendar else _("Counts round the clock")
        case Reason.RUNS_SPECIAL:
            return _("Working hours of the day “%(name)s”") % {"name": row.day or calendar}
        case Reason.DAYS:
            said = ngettext("Working hours of %(n)d day", "Working hours of %(n)d days", row.days) % {"n": row.days}
            return _("%(days)s; nights and days off between them do not count") % {"days": said}
        case Reason.OFF_HOURS:
            return _("Outside the working hours of “%(name)s”") % {"name": calendar}
        case Reason.HOLIDAY:
            return _("Holiday “%(name)s”") % {"name": row.day} if row.day else _("Day off by the calendar")
        case Reason.STATUS:
            return _("Stands still in the status “%(name)s”") % {"name": names.statuses.get(row.status, row.status)}
        case Reason.STOPPED:
            return _stop(row, names)
        case Reason.NOT_STARTED:
            starts = line.starts if line.starts is not None else policy.kinds[line.clock].starts
            return _("Has not started: it starts when %(words)s") % {"words": rule_words.either(starts, names)}


def _stop(row: Row, names: Names) -> str:
    said = names.word(row.word) if row.word else _("the clock was stopped")
    if row.status:
        return _("Stopped, since %(words)s, status “%(name)s”") % {
            "words": said,
            "name": names.statuses.get(row.status, row.status),
        }
    return _("Stopped, since %(words)s") % {"words": said}


def _before(before: Before, versions: Mapping[int, PolicyVersion], names: Names) -> str:
    """What stood in the rules when the clock started."""
    facts = {"version": before.version, "day": exact(versions[before.version].at)}
    if before.allowed is None:
        return _("By version %(version)d of the rules (since %(day)s) there was no such clock.") % facts
    facts["allowed"] = rule_words.length(before.allowed // MINUTE)
    if before.due is None:
        return _("By version %(version)d of the rules (since %(day)s) it had %(allowed)s.") % facts
    facts["due"] = exact(before.due)
    return _("By version %(version)d of the rules (since %(day)s) it had %(allowed)s, until %(due)s.") % facts
