"""Sums of months and facts counted one by one are the same answer."""

from __future__ import annotations

import io
from datetime import date, timedelta
from itertools import combinations

import pytest
from django.core.management import call_command
from django.utils import timezone

from incidents.models import Incident, IncidentType
from sla.figures import asking, keys, rebuilding, sums
from sla.figures.chosen import DIMENSIONS, NONE, Chosen
from sla.models import SummedMonth

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(monkeypatch) -> date:
    """Three years of incidents, with sums of every month."""
    monkeypatch.setattr(sums, "WORTH", 1)
    call_command("make_bulk", incidents=400, letters=1200, stdout=io.StringIO())
    assert SummedMonth.objects.count() >= 35
    return timezone.localdate()


def answers(chosen: Chosen) -> list[object]:
    now = timezone.now()
    return [
        asking.compliance(chosen, now),
        *(asking.by(dimension, chosen, now) for dimension in DIMENSIONS),
        asking.days(chosen),
        asking.arrivals(chosen),
        asking.spread(asking.FIRST_ANSWER, chosen),
        asking.spread(asking.REPAIR, chosen),
    ]


def test_with_sums_every_answer_is_the_one_without_them(today, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    year = Chosen(today - timedelta(days=400), today - timedelta(days=10))
    narrowings = [{}] + [
        {dimension: (row.key,)} for dimension in DIMENSIONS for row in asking.by(dimension, year, now)[:2]
    ]
    asked = [Chosen(year.since, year.until, filters) for filters in narrowings]
    asked += [each.before() for each in asked[:3]]
    with_sums = [answers(each) for each in asked]

    SummedMonth.objects.all().delete()
    monkeypatch.setattr(sums, "missing", lambda today: [])
    rebuilding.rebuild(now)

    for each, expected in zip(asked, with_sums, strict=True):
        assert answers(each) == expected


def test_two_filters_take_what_both_take(today):
    year, now = Chosen(today - timedelta(days=365), today), timezone.now()
    for one, other in combinations(("type", "operator", "region"), 2):
        first, second = (asking.by(dimension, year, now)[0].key for dimension in (one, other))
        chosen = Chosen(year.since, year.until, {one: (first,), other: (second,)})

        expected = Incident.objects.filter(fact__opened_on__range=(year.since, year.until))
        for column, taken in keys.narrowed(chosen.filters):
            expected = expected.filter(**{f"fact__{column}__in": taken})
        assert asking.compliance(chosen, now).arrived == expected.count()


def test_several_keys_of_a_dimension_mean_any_of_them(today):
    year, now = Chosen(today - timedelta(days=365), today), timezone.now()
    rows = asking.by("type", year, now)[:3]

    both = Chosen(year.since, year.until, {"type": tuple(row.key for row in rows)})

    assert asking.compliance(both, now).arrived == sum(row.arrived for row in rows)


def test_words_that_name_nothing_find_nothing(today):
    year, now = Chosen(today - timedelta(days=365), today), timezone.now()
    for filters in ({"type": ("999999",)}, {"region": ("Атлантида",)}, {"group": ("x",)}, {"operator": ("1; DROP",)}):
        assert asking.compliance(Chosen(year.since, year.until, filters), now).arrived == 0


def test_without_a_type_is_a_choice_too(today):
    year, now = Chosen(today - timedelta(days=365), today), timezone.now()
    expected = Incident.objects.filter(type=None, fact__opened_on__range=(year.since, year.until)).count()

    assert asking.compliance(Chosen(year.since, year.until, {"type": (NONE,)}), now).arrived == expected > 0


def test_a_page_asks_as_often_for_many_types_as_for_few(today, django_assert_max_num_queries):
    week, now = Chosen(today - timedelta(days=6), today), timezone.now()
    asking.by("type", week, now)
    IncidentType.objects.bulk_create(
        IncidentType(key=f"more-{n}", name_ru=str(n), name_en=str(n), sla=timedelta(hours=1)) for n in range(30)
    )

    with django_assert_max_num_queries(6):
        asking.by("type", week, now)
