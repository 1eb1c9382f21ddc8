"""The questions of the dashboard. What counts is said in sla.figures.facts; time is an argument.

Answers about a period are as of `fresh_at`, some seconds ago; what is open or at risk is as of `now`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sla.figures import bins, keys, live
from sla.figures.answers import Age, AtRisk, Compliance, Day, LetterDay, Row, Site, Spread
from sla.figures.answers import share as share_of
from sla.figures.chosen import CONTRACTOR, GROUP, OPERATOR, Chosen
from sla.figures.counting import Asked, Counts, Tally, counts, given_of, narrowing
from sla.figures.following import state
from sla.figures.said import (
    ALL,
    ARRIVED,
    DIMENSIONS,
    IN_TIME,
    LATE,
    THEIRS_IN_TIME,
    THEIRS_LATE,
    THEIRS_UNDATED,
    UNDATED,
)  # fmt: skip
from sla.figures.sql import rows
from sla.models import LetterSum

FIRST_ANSWER, REPAIR = "first_answer", "repair"
# In time, late, without a deadline: of the incident, of the contractor's work.
_OURS, _THEIRS = (IN_TIME, LATE, UNDATED), (THEIRS_IN_TIME, THEIRS_LATE, THEIRS_UNDATED)
_MEASURED = {FIRST_ANSWER: (ARRIVED,), REPAIR: _OURS}
# Dozens of thousands of poles are counted, a few are looked at closer.
_SITES = """
SELECT often.pole, pole.code, pole.region_ru, pole.address, often.number, closer.open, closer.last
FROM (SELECT pole, count(*) AS number FROM sla_fact WHERE opened_on BETWEEN %(since)s AND %(until)s AND pole > 0 {among}
    GROUP BY pole HAVING count(*) > 1 ORDER BY number DESC, pole LIMIT %(limit)s) often
JOIN towers_pole pole ON pole.id = often.pole
CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE closed_on IS NULL) AS open, max(opened_on) AS last
    FROM incidents_incident i JOIN sla_fact ON incident_id = i.id
    WHERE i.pole_id = often.pole AND opened_on BETWEEN %(since)s AND %(until)s {among}) closer
ORDER BY often.number DESC, often.pole
"""


def fresh_at() -> datetime | None:
    """When the figures were last brought up to what happened; None where they were never made."""
    known = state()
    return known.at if known else None


def compliance(chosen: Chosen, now: datetime) -> Compliance:
    """What arrived and ended in the period, and how it stands now."""
    found = _counts(chosen, is_light=chosen.is_compared).all
    open_now = _standing(chosen, now).get(ALL, {}).get(0, live.Open())
    return Compliance(
        arrived=found.numbers[ARRIVED],
        ended=sum(found.numbers[what] for what in _OURS),
        in_time=found.numbers[IN_TIME],
        late=found.numbers[LATE],
        open=open_now.number,
        open_overdue=open_now.overdue,
        open_at_risk=open_now.at_risk,
        first_answer_median=bins.quantile(found.took(*_MEASURED[FIRST_ANSWER]), 0.5),
        repair_median=bins.quantile(found.took(*_MEASURED[REPAIR]), 0.5),
    )


def by(dimension: str, chosen: Chosen, now: datetime) -> list[Row]:
    """A row for each that had something arrive, end, or stand near or past its deadline: the worst share first.

    Contractors are judged by their own clock: its end lies in the period, its time is the repair.
    """
    is_contractor = dimension == CONTRACTOR
    shown = DIMENSIONS[OPERATOR if dimension == GROUP else dimension]
    cells, before = _counts(chosen).cells[shown], _counts(chosen.before(), is_light=True).cells[shown]
    standing = _standing(chosen, now, by_contractors_clock=is_contractor).get(shown, {})
    lines: dict[str, _Line] = {}
    names = keys.named(dimension, cells.keys() | standing.keys())
    for key in cells.keys() | standing.keys():
        # A row that is gone for good is told by its number.
        word, name = names.get(key, (str(key), str(key)))
        line = lines.setdefault(word, _Line(name))
        line.now.merge(cells.get(key, Tally()))
        line.before.merge(before.get(key, Tally()))
        line.open.add(standing.get(key, live.Open()))
    each = [_row(word, line, _THEIRS if is_contractor else _OURS) for word, line in lines.items()]
    busy = [row for row in each if row.arrived or row.ended or row.overdue_open or row.at_risk_open]
    return sorted(busy, key=lambda row: (row.share is None, row.share, -row.late, -row.arrived, row.name))


def days(chosen: Chosen) -> list[Day]:
    """Every day of the period, in order."""
    found = _counts(chosen, is_light=chosen.is_compared).days
    return [Day(day, *(found.get(day, Counter())[what] for what in (ARRIVED, *_OURS))) for day in chosen.each_day]


def arrivals(chosen: Chosen) -> list[list[int]]:
    """How many arrived, by weekday from Monday on and by hour of the desk's clock, over the whole period."""
    found = _counts(chosen).hours
    return [[found.get(24 * weekday + hour, 0) for hour in range(24)] for weekday in range(7)]


def spread(what: str, chosen: Chosen) -> Spread:
    """FIRST_ANSWER: of what arrived in the period and was answered since; REPAIR: of what was closed in it."""
    return bins.spread(_counts(chosen).all.took(*_MEASURED[what]))


def backlog(chosen: Chosen, now: datetime) -> list[Age]:
    """What is open now by its age, whatever the period."""
    return live.ages(keys.narrowed(chosen.filters), now)


def at_risk(chosen: Chosen, now: datetime, limit: int = 10) -> list[AtRisk]:
    """Open incidents by their deadline, the nearest first, whatever the period; those overdue are not among them."""
    return live.next_to_break(keys.narrowed(chosen.filters), now, limit)


def letters(chosen: Chosen) -> list[LetterDay]:
    """Letters of the whole desk on every day of the period: filters do not narrow them."""
    known = {row.day: row for row in LetterSum.objects.filter(day__range=(chosen.since, chosen.until))}
    return [
        LetterDay(day, known[day].came, known[day].left) if day in known else LetterDay(day, 0, 0)
        for day in chosen.each_day
    ]


def repeat_sites(chosen: Chosen, limit: int = 10) -> list[Site]:
    """Poles that had more than one incident opened in the period, most incidents first; `open` of these."""
    narrowed = keys.narrowed(chosen.filters)
    given = given_of(narrowed) | {"since": chosen.since, "until": chosen.until, "limit": limit}
    return [Site(*row) for row in rows(_SITES.format(among=narrowing(narrowed)), given)]


@dataclass(slots=True)
class _Line:
    name: str
    now: Tally = field(default_factory=Tally)
    before: Tally = field(default_factory=Tally)
    open: live.Open = field(default_factory=live.Open)


def _row(word: str, line: _Line, ends: tuple[int, int, int]) -> Row:
    in_time, late, undated = ends
    share, before = (share_of(each.numbers[in_time], each.numbers[late]) for each in (line.now, line.before))
    return Row(
        key=word,
        name=line.name,
        arrived=line.now.numbers[ARRIVED],
        in_time=line.now.numbers[in_time],
        late=line.now.numbers[late],
        undated=line.now.numbers[undated],
        overdue_open=line.open.overdue,
        at_risk_open=line.open.at_risk,
        repair_median=bins.quantile(line.now.took(*ends), 0.5),
        first_answer_median=bins.quantile(line.now.took(ARRIVED), 0.5),
        change=None if share is None or before is None else share - before,
    )


def _counts(chosen: Chosen, *, is_light: bool = False) -> Counts:
    known = state()
    asked = Asked(chosen.since, chosen.until, keys.narrowed(chosen.filters), is_light)
    return counts(asked, known.stamp if known else None)


def _standing(chosen: Chosen, now: datetime, *, by_contractors_clock: bool = False) -> dict[int, dict[int, live.Open]]:
    known, narrowed = state(), keys.narrowed(chosen.filters)
    return live.standing(narrowed, now, by_contractors_clock, known.stamp if known else None)
