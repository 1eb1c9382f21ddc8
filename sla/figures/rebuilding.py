"""All figures anew, and whether they are what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from incidents.models import Incident
from sla.figures import facts, following, letter_sums, sums
from sla.models import Fact, SummedMonth

# Incidents of one transaction: a rebuilding that is stopped goes on from there when it is begun again.
_STEP = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a comparison found wrong."""

    # Incidents, and those of them whose facts are wrong.
    seen: int
    facts: list[int]
    # Sums of months, and their cells that are wrong.
    months: int
    cells: int
    # Days with other numbers of letters.
    days: int

    def __bool__(self) -> bool:
        return bool(self.facts or self.cells or self.days)


def rebuild(now: datetime, say: Callable[[str], None] = lambda said: None) -> bool:
    """Make all figures anew while they are read and the desk is worked; False if somebody else writes them."""
    with following.writing() as is_alone:
        if not is_alone:
            return False
        SummedMonth.objects.all().delete()
        if following.state() is None:
            following.note(now)
        facts.learn_regions()
        for first, last in _ranges():
            with transaction.atomic():
                facts.refill(first, last)
            say(f"{last:,} incidents")
        with transaction.atomic():
            letter_sums.count_all()
        say("letters")
        for month in sums.missing(timezone.localdate(now)):
            with transaction.atomic():
                sums.make(month)
            say(f"{month:%Y-%m}")
        following.done(now)
    return True


def sum_months(now: datetime) -> int:
    """Sum the months before this one that lack their sums; returns how many were."""
    made = 0
    for month in sums.missing(timezone.localdate(now)):
        with following.writing() as is_alone:
            if not is_alone:
                return made
            with transaction.atomic():
                sums.make(month)
        made += 1
    return made


def check(now: datetime) -> Found:
    """Compare all figures with what they are made of. What has happened meanwhile is followed and looked at again."""
    following.follow(now)
    suspects = [key for first, last in _ranges() for key in facts.differences(first, last)]
    if suspects:
        following.follow(now)
        suspects = [key for key in suspects if facts.differences(key, key)]
    months = list(SummedMonth.objects.values_list("month", flat=True))
    return Found(
        seen=Fact.objects.count(),
        facts=suspects,
        months=len(months),
        cells=sum(sums.differences(month) for month in months),
        days=letter_sums.differences(),
    )


def mend(now: datetime) -> Found:
    """Compare, and put right what differs; returns what did. Sums that are wrong are made anew soon after."""
    found = check(now)
    if found:
        with following.writing() as is_alone, transaction.atomic():
            if is_alone:
                sums.forget(following.refresh(found.facts))
                if found.cells:
                    SummedMonth.objects.all().delete()
                letter_sums.count_all()
                following.done(now)
    return found


def _ranges() -> Iterator[tuple[int, int]]:
    """The numbers of all incidents, in steps."""
    last = max(Incident.objects.aggregate(Max("pk"))["pk__max"] or 0, Fact.objects.aggregate(Max("pk"))["pk__max"] or 0)
    for first in range(1, last + 1, _STEP):
        yield first, min(first + _STEP - 1, last)
