"""What rules would do before they are in force: counted over the open incidents by a worker, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction

from incidents.models import Incident
from sla import changing, history, recomputing
from sla.clock import Change, State
from sla.models import PolicyVersion, Trial
from sla.policies import Policies, Supposed
from sla.policy import Policy
from sla.recomputing import Told
from sla.rule_following import MOST_SLICES, OPEN, keys_after

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_EXAMPLES = 200
KEPT = timedelta(days=7)


class Shift(NamedTuple):
    """A clock that would say something else: its deadline, or the minutes left where it stands still."""

    clock: str
    before: str | int | None
    after: str | int | None
    is_overdue: bool
    is_relieved: bool


@transaction.atomic
def start(document: Mapping[str, Any], *, by: User, now: datetime, based_on: int, back: str, why: str = "") -> Trial:
    """Have these rules tried by a worker. Raises changing.ChangedMeanwhile and changing.Refused, as saving would.

    `back`: the page where they were written, which gets the trial's number as ?trial=….
    """
    if not by.has_perm(changing.MAY_CHANGE):
        raise PermissionDenied
    before = changing.newest()
    if before.number != based_on:
        raise changing.ChangedMeanwhile(before)
    wrong = changing.new_problems(document, before.document)
    if wrong:
        raise changing.Refused(wrong)
    Trial.objects.filter(made_at__lt=now - KEPT).delete()
    total = Incident.objects.open().count()
    trial = Trial.objects.create(
        document=document, based_on=based_on, by=by, made_at=now, back=back, why=why[:300], total=total
    )
    changing.wake("sla.tasks.try_rules")
    return trial


@transaction.atomic
def save(trial: Trial, *, by: User, why: str, now: datetime) -> PolicyVersion:
    """Put the tried rules in force; see changing.save."""
    version = changing.save(trial.document, by=by, why=why, now=now, based_on=trial.based_on)
    trial.saved_as, trial.finished_at = version.number, trial.finished_at or now
    trial.save(update_fields=["saved_as", "finished_at"])
    return version


def count(now: Callable[[], datetime]) -> int:
    """Go on with what is unfinished; returns how many incidents were looked at."""
    seen = 0
    for _slice in range(MOST_SLICES):
        looked_at = _step(now())
        if looked_at is None:
            break
        seen += looked_at
    return seen


@transaction.atomic
def _step(now: datetime) -> int | None:
    """One slice of the newest trial: whoever tries again does not wait for what he has given up."""
    work = Trial.objects.select_for_update(skip_locked=True).filter(finished_at=None).order_by("-pk").first()
    if work is None:
        return None
    keys = keys_after(work.cursor, OPEN)
    if not keys:
        work.finished_at = now
        work.save(update_fields=["finished_at"])
        return 0
    _count(work, recomputing.load(keys), now)
    work.cursor, work.seen = keys[-1], work.seen + len(keys)
    work.save(update_fields=["cursor", "seen", "changed", "overdue", "relieved", "by_clock", "examples"])
    return len(keys)


def _count(work: Trial, incidents: Sequence[Incident], now: datetime) -> None:
    in_force, supposed = Policies(), Supposed(Policy(work.based_on + 1, work.document))
    histories = history.of(incidents)
    for incident in incidents:
        shifts = compare(incident, histories[incident.pk], in_force, supposed, now)
        if not shifts:
            continue
        work.changed += 1
        work.overdue += any(each.is_overdue for each in shifts)
        work.relieved += any(each.is_relieved for each in shifts)
        for each in shifts:
            work.by_clock[each.clock] = work.by_clock.get(each.clock, 0) + 1
        _show(work, incident, shifts)


def _show(work: Trial, incident: Incident, shifts: Sequence[Shift]) -> None:
    """Keep examples; what is too late at once is always worth one."""
    first = max(shifts, key=lambda each: (each.is_overdue, each.is_relieved))
    row = {"code": incident.code, "subject": incident.subject[:120], **first._asdict()}
    if len(work.examples) < MOST_EXAMPLES:
        work.examples.append(row)
    elif first.is_overdue:
        spare = next((place for place, each in enumerate(work.examples) if not each["is_overdue"]), None)
        if spare is not None:
            work.examples[spare] = row


def compare(
    incident: Incident, changes: Sequence[Change], in_force: Policies, supposed: Policies, now: datetime
) -> list[Shift]:
    """The clocks of the incident that would say something else."""
    before = dict(recomputing.tell(incident, changes, in_force, now))
    after = dict(recomputing.tell(incident, changes, supposed, now))
    shifts = []
    for clock in {**before, **after}:
        was, will = before.get(clock), after.get(clock)
        if _face(was) != _face(will):
            late, will_be_late = (bool(told and told.reading.is_breached) for told in (was, will))
            shifts.append(Shift(clock, _face(was), _face(will), will_be_late and not late, late and not will_be_late))
    return shifts


def _face(told: Told | None) -> str | int | None:
    """The deadline, or the whole minutes left of a clock that stands still; None where there is no clock."""
    if told is None:
        return None
    if told.reading.state is State.PAUSED and told.reading.due is None:
        return int((told.rule.allowed - told.reading.spent).total_seconds()) // 60
    return told.reading.due.isoformat() if told.reading.due else ""
