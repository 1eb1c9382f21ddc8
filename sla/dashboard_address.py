"""What an address of the dashboard asks for: days, and fields that the desk knows by the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents import chips
from incidents.chips import Menu
from incidents.fields import FIELDS, ME, NOBODY, Choices, Option
from incidents.queues import EVERYWHERE
from sla.figures.chosen import CONTRACTOR, DISPATCHER, GROUP, OPERATOR, REGION, TYPE, Chosen

if TYPE_CHECKING:
    from dispatchers.models import User

DAY = timedelta(days=1)
# How many days back, today included, and what the button says.
PERIODS: dict[str, tuple[int, str | Promise]] = {
    "day": (1, pgettext_lazy("period", "Today")),
    "week": (7, pgettext_lazy("period", "7 days")),
    "month": (30, pgettext_lazy("period", "30 days")),
    "quarter": (90, pgettext_lazy("period", "90 days")),
    "year": (365, pgettext_lazy("period", "Year")),
}
USUAL = "week"
MOST_DAYS = 5 * 366
# The desk's name of each field, and the name by which figures know it.
NARROWED = {
    "operator": OPERATOR, "group": GROUP, "region": REGION, "type": TYPE, "contractor": CONTRACTOR, "who": DISPATCHER,
}  # fmt: skip
NAME_OF = {dimension: name for name, dimension in NARROWED.items()}


@dataclass(frozen=True, slots=True)
class Address:
    """The choices of one address; anything it says wrongly counts as not said."""

    first: date
    last: date
    # A key of PERIODS; empty where the days were chosen one by one.
    period: str = USUAL
    said: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, address: QueryDict, choices: Choices, today: date) -> Self:
        said = {name: FIELDS[name].read(address.getlist(name), choices, EVERYWHERE) for name in NARROWED}
        said["who"] = tuple(option for option in said["who"] if _may_ask(choices.person, option))
        first, last, period = _days(address, today)
        return cls(first, last, period, {name: options for name, options in said.items() if options})

    @property
    def chosen(self) -> Chosen:
        """As the figures are asked."""
        filters = {
            NARROWED[name]: tuple(NOBODY if option.key is None else str(option.key) for option in options)
            for name, options in self.said.items()
        }
        return Chosen(self.first, self.last, filters)

    @property
    def narrowed(self) -> QueryDict:
        """The fields alone, for links to the desk."""
        said = QueryDict(mutable=True)
        for name, options in self.said.items():
            said.setlist(name, [option.value for option in options])
        return said

    @property
    def kept(self) -> QueryDict:
        """The whole of it, as links within the dashboard carry it on."""
        said = self.narrowed
        if self.period != USUAL:
            words = {"p": self.period} if self.period else {"from": f"{self.first}", "to": f"{self.last}"}
            for name, word in words.items():
                said[name] = word
        return said

    @property
    def is_one_day(self) -> bool:
        return self.first == self.last

    def menus(self, choices: Choices) -> list[Menu]:
        """A menu for every field that this person may narrow by."""
        kept = self.kept
        return [
            chips.menu(FIELDS[name], self.said.get(name, ()), choices, EVERYWHERE, kept)
            for name in NARROWED
            if name != "who" or may_compare(choices.person)
        ]

    def periods(self) -> list[tuple[str | Promise, str, bool]]:
        """Title, link and whether it is the chosen one, of every usual period."""
        others = chips.without(self.kept, ("p", "from", "to"))
        joint = "&" if len(others) > 1 else ""
        return [
            (title, others if key == USUAL else f"{others}{joint}p={key}", key == self.period)
            for key, (_days, title) in PERIODS.items()
        ]

    def calendar(self, today: date) -> list[tuple[str | Promise, str]]:
        """Whole months, quarters and years, as reports are written by."""
        month = today.replace(day=1)
        quarter = month.replace(month=month.month - (month.month - 1) % 3)
        year = month.replace(month=1)
        spans = (
            (pgettext_lazy("period", "This month"), month, today),
            (pgettext_lazy("period", "Last month"), (month - DAY).replace(day=1), month - DAY),
            (pgettext_lazy("period", "This quarter"), quarter, today),
            (pgettext_lazy("period", "Last quarter"), _quarter_before(quarter), quarter - DAY),
            (pgettext_lazy("period", "This year"), year, today),
            (pgettext_lazy("period", "Last year"), year.replace(year=year.year - 1), year - DAY),
        )
        others = chips.without(self.kept, ("p", "from", "to"))
        joint = "&" if len(others) > 1 else ""
        return [(title, f"{others}{joint}from={first}&to={last}") for title, first, last in spans]


def may_compare(person: User) -> bool:
    """Whether this person may see how each dispatcher keeps deadlines."""
    return person.has_perm("sla.compare_dispatchers")


def _may_ask(person: User, option: Option) -> bool:
    """Everybody may look at himself."""
    return may_compare(person) or option.value == ME or option.key == person.pk


def _days(address: QueryDict, today: date) -> tuple[date, date, str]:
    first, last = (_day(address.get(name, "")) for name in ("from", "to"))
    if first or last:
        last = min(last or today, today)
        first = first or last
        first, last = min(first, last), max(min(first, today), last)
        return max(first, last - (MOST_DAYS - 1) * DAY), last, ""
    period = address.get("p", "")
    period = period if period in PERIODS else USUAL
    return today - (PERIODS[period][0] - 1) * DAY, today, period


def _day(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    # Midnights beyond these cannot be computed in every time zone.
    return day if date(1971, 1, 1) <= day <= date(2200, 1, 1) else None


def _quarter_before(first: date) -> date:
    last = first - DAY
    return last.replace(month=last.month - 2, day=1)
