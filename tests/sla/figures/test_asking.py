"""What managers read: every number is that of the incidents behind it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from incidents import services
from incidents.models import Incident, IncidentEmail, Status
from sla.figures import asking, rebuilding
from sla.figures.chosen import Chosen
from tests.factories import NOW, make_email, make_incident, make_pole, make_station, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Chosen(date(2026, 8, 12), date(2026, 8, 18))


def closed(after: timedelta, **over: object) -> Incident:
    """An incident with four hours, closed so long after its opening."""
    incident = make_incident(type="power-msk", status="inProgress", **over)
    services.change_status(
        incident, Status.objects.get(key="closed"), by=make_user(), at=incident.opened_at + after, reason="так надо"
    )
    return incident


def test_what_ended_in_the_period_was_in_time_or_late():
    for after in (HOUR, 2 * HOUR, 5 * HOUR):
        closed(after, opened_at=NOW - DAY)
    closed(HOUR, opened_at=NOW - 20 * DAY)
    make_incident(type="power-msk")
    rebuilding.rebuild(NOW)

    found = asking.compliance(WEEK, NOW)

    assert (found.arrived, found.ended, found.in_time, found.late, found.open) == (4, 3, 2, 1, 1)
    assert found.share == pytest.approx(66.67, abs=0.01)


def test_a_day_is_a_day_of_the_desks_calendar():
    # Half past one in the night of the 19th in Moscow.
    make_incident(opened_at=datetime.fromisoformat("2026-08-18T22:30:00+00:00"))
    rebuilding.rebuild(NOW)

    assert asking.compliance(WEEK, NOW).arrived == 0
    assert asking.compliance(Chosen(date(2026, 8, 19), date(2026, 8, 19)), NOW).arrived == 1
    # A Wednesday.
    assert asking.arrivals(Chosen(date(2026, 8, 19), date(2026, 8, 19)))[2][1] == 1


def test_rows_are_told_by_name_with_the_worst_first():
    good, bad = make_pole(region_ru="Кировская область"), make_pole(region_ru="Пермский край")
    closed(HOUR, pole=good, opened_at=NOW - DAY)
    closed(5 * HOUR, pole=bad, opened_at=NOW - DAY)
    rebuilding.rebuild(NOW)

    rows = asking.by("region", WEEK, NOW)

    assert [(row.key, row.share) for row in rows] == [("Пермский край", 0.0), ("Кировская область", 100.0)]
    assert rows[0].repair_median == pytest.approx(5 * HOUR, abs=timedelta(minutes=30))


@pytest.mark.parametrize("dimension", ["type", "region", "group", "operator", "contractor", "dispatcher"])
def test_rows_of_every_dimension_come_to_the_whole(dimension):
    station = make_station()
    operator, me = station.operators.get(), make_user()
    for after in (HOUR, 5 * HOUR):
        closed(after, pole=station.pole, operator=operator, contractor=station.pole.contractor, assignee=me,
               opened_at=NOW - DAY)  # fmt: skip
    closed(HOUR, opened_at=NOW - DAY)
    rebuilding.rebuild(NOW)

    rows = asking.by(dimension, WEEK, NOW)

    assert sum(row.arrived for row in rows) == 3
    narrowed = [Chosen(WEEK.since, WEEK.until, {dimension: (row.key,)}) for row in rows]
    assert [asking.compliance(each, NOW).arrived for each in narrowed] == [row.arrived for row in rows]


def test_the_first_letter_of_ours_is_the_first_answer():
    incident = make_incident(opened_at=NOW - HOUR)
    for minutes in (55, 20):
        letter = make_email(direction="out", received_at=NOW - timedelta(minutes=minutes))
        IncidentEmail.objects.create(incident=incident, email=letter, way="hand", thread=letter.pk)
    rebuilding.rebuild(NOW)

    found = asking.spread("first_answer", WEEK)

    assert (found.number, found.within(timedelta(minutes=5)), found.within(timedelta(minutes=6))) == (1, 0, 1)


def test_letters_are_counted_by_day():
    make_email(received_at=NOW)
    make_email(received_at=NOW, direction="out")
    make_email(received_at=NOW - DAY)
    rebuilding.rebuild(NOW)

    found = asking.letters(WEEK)

    assert [(each.came, each.left) for each in found][-2:] == [(1, 0), (1, 1)]


def test_a_pole_that_failed_twice_is_a_repeat_site():
    pole, other = make_pole(), make_pole()
    for at in (NOW, NOW - DAY):
        make_incident(pole=pole, opened_at=at)
    make_incident(pole=other)
    rebuilding.rebuild(NOW)

    found = asking.repeat_sites(WEEK)

    assert [(site.pole, site.number, site.open, site.last_on) for site in found] == [(pole.pk, 2, 2, date(2026, 8, 18))]


def test_what_is_open_is_told_by_age_and_by_deadline():
    near = make_incident(opened_at=NOW - 5 * HOUR, due_at=NOW + HOUR)
    make_incident(opened_at=NOW - 2 * DAY, due_at=NOW - HOUR)
    make_incident(opened_at=NOW - HOUR)
    rebuilding.rebuild(NOW)

    ages = asking.backlog(WEEK, NOW)

    assert [(age.number, age.overdue) for age in ages] == [(1, 0), (1, 0), (1, 1), (0, 0), (0, 0), (0, 0), (0, 0)]
    assert [each.code for each in asking.at_risk(WEEK, NOW)] == [near.code]


def test_a_merged_incident_does_not_count():
    into = make_incident()
    make_incident(merged_into=into, closed_at=NOW, status="closed")
    rebuilding.rebuild(NOW)

    assert asking.compliance(WEEK, NOW).arrived == 1


def test_whole_months_are_compared_with_months_and_days_with_days():
    quarter = Chosen(date(2026, 7, 1), date(2026, 9, 30)).before()
    assert (quarter.since, quarter.until) == (date(2026, 4, 1), date(2026, 6, 30))
    year = Chosen(date(2026, 1, 1), date(2026, 12, 31)).before()
    assert (year.since, year.until) == (date(2025, 1, 1), date(2025, 12, 31))
    assert (WEEK.before().since, WEEK.before().until) == (date(2026, 8, 5), date(2026, 8, 11))
