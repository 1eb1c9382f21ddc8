"""The alarms as pages show them: of the last day asked at once, of the days before as the clock last found them.

To compare a week of letters with the world takes seconds where letters are many. `incidents.ledger` does it for the
clock and for `check_ledger`; the two stretches of time meet, so every letter of the week is in one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import ledger
from incidents.ledger import Alarm
from incidents.ledger_filters import midnight
from incidents.models import LedgerCheck

# The clock compares every five minutes (config/schedule.py).
COMPARED_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Before:
    """What the clock found among the letters received before `until`; `at` is None if it has never looked."""

    until: datetime
    at: datetime | None
    numbers: dict[str, int]

    def is_stale(self, now: datetime) -> bool:
        return self.at is not None and now - self.at > COMPARED_WITHIN


def compare(now: datetime) -> dict[str, int]:
    """Compare the letters of the days before with the world, and keep what was found for the pages."""
    until = now - ledger.LIVE
    asked = ledger.checks(now, _first_moment(now), until)
    # What waits is few rows, and asked at once wherever it is shown.
    del asked["waiting"]
    found = ledger.counted(asked)
    rows = [LedgerCheck(kind=kind, number=number, at=now, until=until) for kind, number in found.items()]
    LedgerCheck.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind"], update_fields=["number", "at", "until"]
    )
    return found


def before(now: datetime) -> Before:
    """What is known of the days before; where the clock has never looked, nothing is, and pages ask about all."""
    rows = list(LedgerCheck.objects.all())
    if not rows:
        return Before(_first_moment(now), None, {})
    numbers = {row.kind: row.number for row in rows}
    return Before(min(row.until for row in rows), min(row.at for row in rows), numbers)


def alarms(now: datetime, known: Before) -> list[Alarm]:
    """Everything that is amiss with the letters of the week, the worst first; empty when all is well."""
    return disagreements(now, known) + ledger.unreconciled(now)


def disagreements(now: datetime, known: Before) -> list[Alarm]:
    """Where the ledger disagrees with itself, or with the incidents and letters of the week."""
    counts = {
        kind: number + known.numbers.get(kind, 0)
        for kind, number in ledger.counted(ledger.checks(now, known.until)).items()
    }
    first = timezone.localdate(now) - timedelta(days=ledger.COMPARED_DAYS - 1)
    found = ledger.told(ledger.without_fate(first, now), counts)
    if known.is_stale(now):
        found.append(Alarm("unchecked", 1, _("The clock has not compared the days before for half an hour")))
    return found


def _first_moment(now: datetime) -> datetime:
    return midnight(timezone.localdate(now) - timedelta(days=ledger.COMPARED_DAYS - 1))
