"""The tables of the dashboard as sheets of a workbook, or one of them as CSV: all rows, numbers as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from incidents import exporting, xlsx
from incidents.xlsx import Sheet, Value
from sla.dashboard_address import Address
from sla.dashboard_tables import NAMES, TITLES, WITHOUT, dimensions
from sla.figures import asking
from sla.figures.answers import Compliance
from sla.figures.chosen import Chosen

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_SITES = 1000
Rows = Iterator[list[Value]]


@dataclass(frozen=True, slots=True)
class Exported:
    """A table that can be downloaded."""

    title: str | Promise
    headings: Callable[[], list[tuple[str, int]]]
    rows: Callable[[Chosen, datetime], Rows]


def tables(person: User) -> dict[str, Exported]:
    """By their names in addresses; dispatchers are compared only by those who may."""
    return {
        "summary": Exported(gettext_lazy("Summary"), _summary_headings, _summary),
        "days": Exported(gettext_lazy("Days"), _day_headings, _days),
        **{name: _broken_down(name) for name in dimensions(person)},
        "hours": Exported(gettext_lazy("Arrivals by hour"), _hour_headings, _hours),
        "repair": Exported(gettext_lazy("Repair time"), _spread_headings, _spread(asking.REPAIR)),
        "answer": Exported(gettext_lazy("First answer"), _spread_headings, _spread(asking.FIRST_ANSWER)),
        "ages": Exported(gettext_lazy("Open, by age"), _age_headings, _ages),
        "sites": Exported(gettext_lazy("Repeat sites"), _site_headings, _sites),
        "letters": Exported(gettext_lazy("Letters"), _letter_headings, _letters),
    }


def as_xlsx(person: User, address: Address, now: datetime) -> Iterator[bytes]:
    """Every table, a sheet each."""
    return xlsx.book(
        [
            Sheet(str(table.title), table.headings(), table.rows(address.chosen, now))
            for table in tables(person).values()
        ]
    )


def as_csv(table: Exported, address: Address, now: datetime) -> Iterator[bytes]:
    titles = [title for title, _width in table.headings()]
    return exporting.written_as_csv(titles, table.rows(address.chosen, now))


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 60, 1)


def _tenth(number: float | None) -> float | None:
    return None if number is None else round(number, 1)


def _summary_headings() -> list[tuple[str, int]]:
    return [(_("Figure"), 40), (_("This period"), 16), (_("The period before"), 20)]


def _summary(chosen: Chosen, now: datetime) -> Rows:
    before = chosen.before()
    yield [pgettext("period", "From"), f"{chosen.since:%d.%m.%Y}", f"{before.since:%d.%m.%Y}"]
    yield [pgettext("period", "To"), f"{chosen.until:%d.%m.%Y}", f"{before.until:%d.%m.%Y}"]
    went, went_before = asking.compliance(chosen, now), asking.compliance(before, now)
    lines: Sequence[tuple[str, Callable[[Compliance], Value]]] = (
        (_("Arrived"), lambda each: each.arrived),
        (pgettext("number", "Closed"), lambda each: each.ended),
        (pgettext("number", "Closed in time"), lambda each: each.in_time),
        (pgettext("number", "Closed late"), lambda each: each.late),
        (_("In time, per cent"), lambda each: _tenth(each.share)),
        (_("First answer, median, minutes"), lambda each: _minutes(each.first_answer_median)),
        (_("Repair, median, minutes"), lambda each: _minutes(each.repair_median)),
    )
    for title, value in lines:
        yield [title, value(went), value(went_before)]
    for title, number in (
        (_("Open now"), went.open),
        (_("Overdue now"), went.open_overdue),
        (_("Less than an hour left"), went.open_at_risk),
    ):
        yield [title, number, None]


def _day_headings() -> list[tuple[str, int]]:
    titles = (
        pgettext("column", "Day"),
        _("Arrived"),
        pgettext("number", "Closed"),
        _("In time"),
        pgettext("closed", "Late"),
    )
    return [(title, 14) for title in (*titles, _("Without a deadline"))]


def _days(chosen: Chosen, now: datetime) -> Rows:
    for day in asking.days(chosen):
        yield [f"{day.day:%d.%m.%Y}", day.arrived, day.ended, day.in_time, day.late, day.undated]


def _broken_down(dimension: str) -> Exported:
    def headings() -> list[tuple[str, int]]:
        titles = (
            _("Arrived"), _("In time"), pgettext("closed", "Late"), _("In time, per cent"), _("Change, points"),
            _("Overdue now"), _("Less than an hour left"), _("Repair, median, minutes"),
            _("First answer, median, minutes"),
        )  # fmt: skip
        return [(str(NAMES[dimension]), 40), *((title, 16) for title in titles)]

    def rows(chosen: Chosen, now: datetime) -> Rows:
        for row in asking.by(dimension, chosen, now):
            yield [
                row.name or str(WITHOUT[dimension]),
                row.arrived,
                row.in_time,
                row.late,
                _tenth(row.share),
                _tenth(row.change),
                row.overdue_open,
                row.at_risk_open,
                _minutes(row.repair_median),
                _minutes(row.first_answer_median),
            ]

    return Exported(TITLES[dimension], headings, rows)


def _hour_headings() -> list[tuple[str, int]]:
    return [(_("Day of the week"), 16), *((f"{hour:02d}:00", 7) for hour in range(24))]


def _hours(chosen: Chosen, now: datetime) -> Rows:
    for day, numbers in enumerate(asking.arrivals(chosen)):
        yield [str(WEEKDAYS[day]), *numbers]


def _spread_headings() -> list[tuple[str, int]]:
    return [(_("From, minutes"), 16), (_("To, minutes"), 16), (_("Incidents"), 12)]


def _spread(what: str) -> Callable[[Chosen, datetime], Rows]:
    def rows(chosen: Chosen, now: datetime) -> Rows:
        for each in asking.spread(what, chosen).bins:
            yield [_minutes(each.since), _minutes(each.to), each.number]

    return rows


def _age_headings() -> list[tuple[str, int]]:
    return [
        (_("From, hours"), 14),
        (_("To, hours"), 14),
        (_("Open now"), 12),
        (_("Overdue now"), 12),
    ]


def _ages(chosen: Chosen, now: datetime) -> Rows:
    for age in asking.backlog(chosen, now):
        since, to = (None if end is None else end.total_seconds() / 3600 for end in (age.since, age.to))
        yield [since, to, age.number, age.overdue]


def _site_headings() -> list[tuple[str, int]]:
    titles = ((_("Pole"), 20), (_("Region"), 30), (_("Address"), 50), (_("Incidents"), 12), (_("Of them open"), 12))
    return [*titles, (_("Last on"), 14)]


def _sites(chosen: Chosen, now: datetime) -> Rows:
    for site in asking.repeat_sites(chosen, MOST_SITES):
        yield [site.code, site.region, site.address, site.number, site.open, f"{site.last_on:%d.%m.%Y}"]


def _letter_headings() -> list[tuple[str, int]]:
    return [(pgettext("column", "Day"), 14), (_("Letters in"), 14), (_("Letters out"), 14)]


def _letters(chosen: Chosen, now: datetime) -> Rows:
    for day in asking.letters(chosen):
        yield [f"{day.day:%d.%m.%Y}", day.came, day.left]
