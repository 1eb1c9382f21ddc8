"""All that the dashboard shows, asked in one go and ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR

from incidents.fields import Choices
from incidents.models import Incident
from sla import charts, dashboard_days, dashboard_now, dashboard_spreads, dashboard_tables, dashboard_tiles
from sla.dashboard_address import Address
from sla.dashboard_days import Course
from sla.dashboard_links import Links
from sla.dashboard_now import AgeColumn, Standing
from sla.dashboard_spreads import Distribution
from sla.dashboard_tables import SHOWN, Table
from sla.dashboard_tiles import Tile
from sla.figures import asking
from sla.figures.answers import LetterDay, Site
from sla.figures.chosen import CONTRACTOR, TYPE

if TYPE_CHECKING:
    from dispatchers.models import User

MOST_SITES = 7


@dataclass(frozen=True, slots=True)
class Hour:
    """Arrivals of one hour of the week in the whole period; `title` says which, `level` shades it."""

    number: int
    level: int
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Week:
    """Arrivals by weekday and hour."""

    days: list[tuple[str, list[Hour]]]
    peak: Hour | None
    hours: range = range(24)


@dataclass(frozen=True, slots=True)
class Repeated:
    site: Site
    href: str
    open_href: str


@dataclass(frozen=True, slots=True)
class Letters:
    came: int
    left: int
    came_line: charts.Line
    left_line: charts.Line


@dataclass(frozen=True, slots=True)
class Dashboard:
    address: Address
    # None where nothing has been counted yet.
    fresh_at: datetime | None
    tiles: list[Tile]
    answers: Distribution
    repairs: Distribution
    standing: Standing
    soon: list[Incident]
    course: Course
    course_unit: str
    contractors: Table
    breakdown: Table
    week: Week
    ages: list[AgeColumn]
    sites: list[Repeated]
    letters: Letters
    is_empty: bool


def ask(address: Address, choices: Choices, now: datetime, *, dimension: str) -> Dashboard:
    """`dimension` is what the second table is broken down by."""
    chosen, person = address.chosen, choices.person
    before = chosen.before()
    links = Links(address.first, address.last, address.narrowed)
    went, went_before = asking.compliance(chosen, now), asking.compliance(before, now)
    days = asking.days(chosen)
    contractors = asking.by(CONTRACTOR, chosen, now)
    return Dashboard(
        address=address,
        fresh_at=asking.fresh_at(),
        tiles=dashboard_tiles.tiles(went, went_before, days, asking.days(before), links),
        answers=dashboard_spreads.answers(asking.spread(asking.FIRST_ANSWER, chosen), links),
        repairs=dashboard_spreads.repairs(asking.spread(asking.REPAIR, chosen), links, chosen.filters.get(TYPE, ())),
        standing=dashboard_now.standing(address, person, choices.statuses, links, now),
        soon=dashboard_now.soon(address, person, now),
        course=dashboard_days.course(days, links),
        course_unit=dashboard_days.unit(chosen.length),
        contractors=dashboard_tables.table(CONTRACTOR, contractors, address, links, most=SHOWN),
        breakdown=breakdown(address, links, dimension, now),
        week=_week(asking.arrivals(chosen), links),
        ages=dashboard_now.ages(asking.backlog(chosen, now), links),
        sites=[_repeated(site, links) for site in asking.repeat_sites(chosen, MOST_SITES)],
        letters=_letters(asking.letters(chosen)),
        is_empty=not (went.arrived or went.ended or went.open),
    )


def breakdown(
    address: Address, links: Links, dimension: str, now: datetime, *, sort: str = "", most: int | None = SHOWN
) -> Table:
    rows = asking.by(dimension, address.chosen, now)
    return dashboard_tables.table(dimension, rows, address, links, sort=sort, most=most)


def links_of(address: Address) -> Links:
    return Links(address.first, address.last, address.narrowed)


def second(asked: str, person: User) -> str:
    """What the second table is broken down by: whatever this person may ask for."""
    allowed = dashboard_tables.dimensions(person)[1:]
    return asked if asked in allowed else allowed[0]


def _week(numbers: list[list[int]], links: Links) -> Week:
    most = max((max(day) for day in numbers), default=0)
    days = [
        (str(WEEKDAYS_ABBR[day]), [_hour(day, hour, number, most, links) for hour, number in enumerate(of_day)])
        for day, of_day in enumerate(numbers)
    ]
    peak = next((hour for _name, of_day in days for hour in of_day if most and hour.number == most), None)
    return Week(days, peak)


def _hour(day: int, hour: int, number: int, most: int, links: Links) -> Hour:
    href = links.arrived(weekday=str(day + 1), hour=str(hour)) if number else ""
    return Hour(number, charts.level(number, most), f"{WEEKDAYS[day]}, {hour:02d}:00", href)


def _repeated(site: Site, links: Links) -> Repeated:
    return Repeated(site, links.arrived(site=site.code), links.arrived(queue="open", site=site.code))


def _letters(days: list[LetterDay]) -> Letters:
    came, left = [day.came for day in days], [day.left for day in days]
    most = max([*came, *left, 1])
    return Letters(sum(came), sum(left), charts.line(came, least=0, most=most), charts.line(left, least=0, most=most))
