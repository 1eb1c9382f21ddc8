"""The registry's list: what it is narrowed by, and that every pole stands on exactly one page."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.factories import NOW, make_pole, make_station
from towers import listing
from towers.listing import Asked
from towers.models import Contractor

pytestmark = pytest.mark.django_db


def codes(asked: Asked, size: int = 50) -> list[str]:
    """All pages, one after another."""
    found: list[str] = []
    after = ""
    while True:
        page = listing.page(listing.parts(asked), after=after, size=size)
        found += [pole.code for pole in page.poles]
        if not page.next:
            return found
        after = page.next


def test_the_list_finds_poles_by_code_and_by_station() -> None:
    make_pole("41960-P-43-1-1", region_ru="Пермский край")
    make_station("41960", make_pole("71960-P-43-1-1"))
    make_pole("51960-P-43-1-1")
    make_pole("41961-P-43-1-1", gone_at=NOW)

    assert codes(Asked(text="41960")) == ["41960-P-43-1-1", "71960-P-43-1-1"]
    assert codes(Asked(text="4196", region="Пермский край")) == ["41960-P-43-1-1"]
    assert codes(Asked(gone=True)) == ["41961-P-43-1-1"]


def test_the_list_of_a_contractor_has_its_poles_only() -> None:
    other = Contractor.objects.create(name="Другой")
    make_pole("1")
    make_pole("2", contractor=other)

    assert codes(Asked(contractor=other.pk)) == ["2"]
    assert codes(Asked(contractor=other.pk + 1000)) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_of_any_size_hold_every_pole_once_also_where_two_ways_find_it(size: int) -> None:
    expected = []
    for n in range(10, 17):
        pole = make_pole(f"9{n}-P-43-1-1")
        make_station(f"9{n}-1", pole)
        expected.append(pole.code)

    assert codes(Asked(text="9"), size) == expected
    assert codes(Asked(), size) == expected


def test_poles_that_are_gone_are_read_from_an_index_of_theirs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = listing.parts(Asked(gone=True))[0].order_by("code")[:51].explain()

    assert "pole_gone_by_code" in plan
