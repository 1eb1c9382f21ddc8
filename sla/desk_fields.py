"""Fields that the figures add to the desk's filter, so that every number of the dashboard can name its incidents.

They ask the same rows (`Fact`) as the numbers are counted from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import queries
from incidents.fields import FIELDS, Choices, Field, Option, any_of, taking
from incidents.queues import Queue
from incidents.stretches import Stretch
from sla.figures import bins

IN_TIME, LATE = "in_time", "late"
OVERDUE, AT_RISK = "overdue", "at_risk"
# As sla.models.Fact.Outcome has them.
OUTCOMES = {IN_TIME: 0, LATE: 1}


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the desk's calendar, both included; `2026-08-12~2026-08-18` in an address."""

    first: date
    last: date

    @classmethod
    def parse(cls, word: str) -> Self | None:
        first, _tilde, last = word.partition("~")
        try:
            return cls(date.fromisoformat(first), date.fromisoformat(last))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.first.isoformat()}~{self.last.isoformat()}"

    @property
    def words(self) -> str:
        first, last = (date_format(day, "d.m.y") for day in (self.first, self.last))
        return first if first == last else f"{first} – {last}"


def add() -> None:
    """The desk knows these fields from now on."""
    FIELDS.update({field.name: field for field in _FIELDS})


def _outcomes(choices: Choices, queue: Queue) -> list[Option]:
    return [Option(IN_TIME, _("in time"), OUTCOMES[IN_TIME]), Option(LATE, _("late"), OUTCOMES[LATE])]


def _work_outcomes(choices: Choices, queue: Queue) -> list[Option]:
    running = [
        Option(OVERDUE, _("overdue, not finished"), OVERDUE),
        Option(AT_RISK, _("less than an hour left"), AT_RISK),
    ]
    return _outcomes(choices, queue) + running


def _worked(keys: list[Any]) -> Q:
    """By the contractor's clock: as it ended, or as it runs."""
    found = Q(fact__contractor_outcome__in=[key for key in keys if key not in (OVERDUE, AT_RISK)])
    runs = Q(contractor_done_at=None)
    if OVERDUE in keys:
        found |= runs & Q(contractor_due_at__lt=Now())
    if AT_RISK in keys:
        found |= runs & Q(contractor_due_at__gte=Now(), contractor_due_at__lt=Now() + queries.AT_RISK)
    return found


def _done(word: str) -> Option | None:
    days = Days.parse(word)
    return Option(word, days.words, days) if days else None


def _done_on(several: list[Any]) -> Q:
    return any_of(Q(fact__contractor_closed_on__range=(days.first, days.last)) for days in several)


def _answered_in(stretches: list[Any]) -> Q:
    return any_of(_answered(stretch) for stretch in stretches)


def _answered(stretch: Stretch) -> Q:
    """By the bins that are counted, whose edges the dashboard's stretches lie on."""
    least, most = stretch.lengths
    found = Q(fact__answer_bin__gte=bins.bin_of(least))
    return found if most is None else found & Q(fact__answer_bin__lt=bins.bin_of(most))


_FIELDS = (
    Field(
        "kept",
        gettext_lazy("Deadline kept"),
        "hourglass",
        lambda keys: Q(fact__outcome__in=keys),
        _outcomes,
        is_offered=False,
    ),
    Field(
        "work",
        gettext_lazy("Contractor's deadline kept"),
        "tool",
        _worked,
        _work_outcomes,
        is_offered=False,
    ),
    Field("done", gettext_lazy("Contractor finished"), "tool", _done_on, parse=_done, is_offered=False),
    Field("answered", gettext_lazy("Answered within"), "send", _answered_in, parse=taking, is_offered=False),
)
