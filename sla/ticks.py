"""Whether the clock that starts tasks runs, and how late: each task that matters notes when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mailbox import notices
from sla.models import Tick

WARNINGS = "warnings"
# As config/schedule.py says.
PERIOD = timedelta(seconds=15)
# Later than this people are told not to rely on warnings.
ALARMING = timedelta(seconds=60)
# So long a page speaks of it afterwards.
LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How late the task is at this moment, and what it noted; None: it has never run.

    `stood_still`: it was alarmingly late lately, though it may run now.
    """

    lag: timedelta
    stood_still: bool
    tick: Tick | None

    @property
    def is_alarming(self) -> bool:
        return self.lag > ALARMING


@transaction.atomic
def note(name: str, now: datetime) -> Tick:
    """The task begins. A clock that was put back is no lag."""
    tick, is_first = Tick.objects.select_for_update().get_or_create(
        name=name, defaults={"since": now, "at": now, "lag": timedelta()}
    )
    if is_first:
        return tick
    tick.lag = max(now - tick.at - PERIOD, timedelta())
    if tick.lag > ALARMING:
        tick.gap_from, tick.gap_until = tick.at, now
        _alarm(tick.at, now)
    tick.at = now
    tick.save(update_fields=["at", "lag", "gap_from", "gap_until"])
    return tick


def standing(name: str, now: datetime) -> Standing:
    """What is known of the task now: one that does not come at all grows later and later."""
    tick = Tick.objects.filter(name=name).first()
    lag = now - tick.at - PERIOD if tick else timedelta()
    stood_still = bool(tick and tick.gap_until and now - tick.gap_until < LATELY)
    return Standing(max(lag, timedelta()), stood_still, tick)


def _alarm(since: datetime, until: datetime) -> None:
    """Those who keep Dispatch running are told when it is over; while it lasts, /readyz and every open page say so."""
    facts = {"since": _moment(since), "until": _moment(until)}
    text = _(
        "From %(since)s to %(until)s nobody was warned of deadlines. What was missed is said now.\n"
        "Look why dispatch_worker and its clock stood still."
    )
    notices.write(_("Warnings stood still"), text % facts, is_good=False, now=until)


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "d.m.Y H:i")
