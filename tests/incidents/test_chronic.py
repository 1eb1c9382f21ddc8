"""Which sites are chronic: so many incidents in 30 or 90 days, each matter counted once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import chronic
from incidents.chronic import Repeats
from tests.factories import NOW, make_incident, make_pole
from towers.models import Pole


def make_incidents(pole: Pole, *days_ago: float) -> None:
    for days in days_ago:
        make_incident(pole=pole, opened_at=NOW - timedelta(days=days), closed_at=NOW, status="closed")


@pytest.mark.django_db
def test_the_repeats_of_many_poles_are_counted_in_one_query(django_assert_num_queries) -> None:
    often, seldom, never = make_pole(), make_pole(), make_pole()
    make_incidents(often, 1, 5, 29, 31, 89, 91)
    make_incidents(seldom, 40)

    with django_assert_num_queries(1):
        found = chronic.of_poles([often.pk, seldom.pk, never.pk], NOW)

    assert found == {often.pk: Repeats(3, 5), seldom.pk: Repeats(0, 1)}
    assert chronic.of_poles([], NOW) == {}


@pytest.mark.django_db
def test_a_merged_incident_is_no_repeat() -> None:
    pole = make_pole()
    first = make_incident(pole=pole)
    make_incident(pole=pole, merged_into=first, closed_at=NOW, status="closed")

    assert chronic.of_pole(pole.pk, NOW) == Repeats(1, 1)
    assert chronic.of_pole(None, NOW) == Repeats()


@pytest.mark.parametrize(
    ("month", "quarter", "is_chronic", "number"),
    [(2, 5, False, 5), (3, 3, True, 3), (0, 6, True, 6), (4, 9, True, 4), (0, 0, False, 0)],
)
def test_either_count_makes_a_site_chronic_and_the_month_is_named_first(month, quarter, is_chronic, number) -> None:
    repeats = Repeats(month, quarter)

    assert (repeats.is_chronic, repeats.number) == (is_chronic, number)
    assert str(number) in repeats.words


def test_how_many_are_often_is_a_setting(settings) -> None:
    settings.CHRONIC_REPEATS_MONTH, settings.CHRONIC_REPEATS_QUARTER = 2, 4

    assert Repeats(2, 2).is_chronic
    assert Repeats(1, 4).is_chronic
    assert not Repeats(1, 3).is_chronic


@pytest.mark.django_db
def test_the_chronic_poles_of_all_are_named() -> None:
    often, long_since, seldom = make_pole(), make_pole(), make_pole()
    make_incidents(often, 1, 2, 3)
    make_incidents(long_since, 40, 45, 50, 55, 60, 65)
    make_incidents(seldom, 1, 2)
    make_incident()

    assert set(chronic.poles(NOW)) == {often.pk, long_since.pk}


@given(st.lists(st.integers(0, 400 * 24)))
def test_a_month_is_part_of_a_quarter(hours: list[int]) -> None:
    repeats = chronic.count([NOW - timedelta(hours=each) for each in hours], NOW)

    assert repeats.month <= repeats.quarter <= len(hours)
