"""What has happened on a pole: the months, the time out of order, the closed ones page by page."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import site_history
from incidents.models import Incident
from tests.factories import NOW, make_incident, make_pole

MOMENTS = st.integers(0, 10_000).map(lambda minutes: NOW + timedelta(minutes=minutes))
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS))


def test_twelve_months_end_with_this_one() -> None:
    months = site_history.last_months(date(2026, 2, 28))

    assert (months[0], months[-1], len(months)) == (date(2025, 3, 1), date(2026, 2, 1), 12)


@pytest.mark.django_db
def test_an_incident_counts_in_the_month_that_the_desk_had(settings) -> None:
    pole = make_pole()
    # In Moscow it was August already.
    make_incident(pole=pole, opened_at=datetime.fromisoformat("2026-07-31T22:00:00+00:00"))
    make_incident(pole=pole, opened_at=datetime.fromisoformat("2026-07-31T12:00:00+00:00"))
    make_incident(pole=pole, opened_at=datetime.fromisoformat("2025-08-31T12:00:00+00:00"))

    year = site_history.year(pole, NOW)

    assert [(each.first.month, each.number) for each in year.months if each.number] == [(7, 1), (8, 1)]
    assert year.number == 2
    assert year.last_at == datetime.fromisoformat("2026-07-31T22:00:00+00:00")


@pytest.mark.django_db
def test_the_time_out_of_order_ends_with_power_or_closing_and_counts_once() -> None:
    pole = make_pole()
    hour = timedelta(hours=1)
    start = NOW - timedelta(days=3)
    make_incident(pole=pole, opened_at=start, closed_at=start + 4 * hour, status="closed")
    # Inside the first one; and one where power was back long before the papers were done.
    make_incident(pole=pole, opened_at=start + hour, closed_at=start + 2 * hour, status="closed")
    later = start + 24 * hour
    make_incident(pole=pole, opened_at=later, power_back_at=later + hour, closed_at=later + 9 * hour, status="closed")
    make_incident(pole=pole, opened_at=NOW - hour)

    assert site_history.year(pole, NOW).out == 6 * hour


@pytest.mark.django_db
def test_a_pole_without_incidents_has_an_empty_year() -> None:
    year = site_history.year(make_pole(), NOW)

    assert (year.number, year.out, year.last_at) == (0, timedelta(), None)
    assert [month.share for month in year.months] == [0] * 12


@pytest.mark.django_db
def test_a_clock_that_is_ahead_breaks_no_chart() -> None:
    pole = make_pole()
    make_incident(pole=pole, opened_at=NOW + timedelta(days=40))

    assert sum(month.number for month in site_history.year(pole, NOW).months) == 0


@given(SPANS)
def test_spans_cover_at_most_their_sum_and_at_least_the_longest(spans) -> None:
    lengths = [max(end - start, timedelta()) for start, end in spans]

    covered = site_history.covered(spans)

    assert max(lengths, default=timedelta()) <= covered <= sum(lengths, timedelta())
    assert site_history.covered([*spans, *spans]) == covered


@pytest.mark.django_db
def test_closed_ones_come_newest_first_each_on_one_page() -> None:
    pole = make_pole()
    closed = [
        make_incident(pole=pole, opened_at=NOW - timedelta(hours=n // 2), closed_at=NOW, status="closed")
        for n in range(60)
    ]
    make_incident(pole=pole)
    make_incident(closed_at=NOW, status="closed")

    found: list[Incident] = []
    after = None
    for _ in range(3):
        page = site_history.closed_ones(pole, after)
        found += page.rows
        after = page.after

    assert after is None
    assert len(found) == 60
    assert set(found) == set(closed)
    assert found == sorted(found, key=lambda each: (each.opened_at, each.pk), reverse=True)
