"""Keyset paging: every row once, in order, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from incidents.filters import ORDERS
from incidents.models import Incident
from incidents.paging import Cursor, Order, page
from tests.factories import NOW, make_incident

MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(st.none() | MOMENTS, st.integers(min_value=1, max_value=10**18 - 1))
def test_a_cursor_survives_the_address(moment, pk) -> None:
    assert Cursor.parse(str(Cursor(moment, pk))) == Cursor(moment, pk)


@given(st.timedeltas(timedelta(), timedelta(days=3650)), st.integers(min_value=1, max_value=10**18 - 1))
def test_a_cursor_beside_a_standing_clock_survives_the_address(left, pk) -> None:
    assert Cursor.parse(str(Cursor(None, pk, left))) == Cursor(None, pk, left)


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=3650)), min_size=2))
def test_cursors_of_standing_clocks_sort_as_text(lefts) -> None:
    assert [str(Cursor(None, 7, left)) for left in sorted(lefts)] == sorted(
        str(Cursor(None, 7, left)) for left in lefts
    )


@pytest.mark.parametrize(
    "text", ["", "~", "x~1", "20260818T120000.0~x", "~" + "9" * 30, "99999999T000000.0~1", "~²", "L~1", "Lx~1"]
)
def test_a_spoilt_cursor_is_none(text: str) -> None:
    assert Cursor.parse(text) is None


@pytest.fixture
def incidents(db) -> list[Incident]:
    """Deadlines and changes repeat, so that ties are cut by pages too; some stand still, some have no deadline."""
    return [
        make_incident(
            active_at=NOW + timedelta(minutes=n // 3),
            opened_at=NOW - timedelta(hours=n % 4),
            due_at=None if n % 5 == 0 or n % 4 == 0 else NOW + timedelta(hours=n // 4),
            clock_left=timedelta(hours=n // 8) if n % 4 == 0 and n % 5 else None,
        )
        for n in range(23)
    ]


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("size", [1, 4, 22, 23, 24])
@pytest.mark.parametrize("number_of_parts", [1, 2])
def test_walking_forth_and_back_shows_every_row_once_in_order(
    incidents, name: str, size: int, number_of_parts: int
) -> None:
    order = ORDERS[name]
    everything = Incident.objects.all()
    # Together they are everything, and they overlap.
    parts = [everything.filter(pk__lte=incidents[12].pk), everything.filter(pk__gte=incidents[5].pk)][:number_of_parts]
    rows = parts if number_of_parts == 2 else [everything]

    forth, shown = [], page(rows, order, size=size)
    forth.append(shown.rows)
    while shown.after:
        shown = page(rows, order, after=shown.after, size=size)
        forth.append(shown.rows)
    back = [shown.rows]
    while shown.before:
        shown = page(rows, order, before=shown.before, size=size)
        back.append(shown.rows)

    walked = [row for rows in forth for row in rows]
    assert walked == sorted(incidents, key=lambda row: place_of(row, order))
    assert back[-1] == forth[0]
    assert {row.pk for rows in back for row in rows} == {row.pk for row in incidents}


def place_of(row: Incident, order: Order) -> tuple[int, float, int]:
    """Running ones, then standing ones, then those without a clock; each leg in the direction of the list."""
    sign = -1 if order.descending else 1
    moment = getattr(row, order.field)
    if moment is not None:
        return 0, sign * moment.timestamp(), sign * row.pk
    length = getattr(row, order.length)
    return (2, 0, sign * row.pk) if length is None else (1, sign * length.total_seconds(), sign * row.pk)


def test_a_cursor_of_another_order_is_harmless(incidents) -> None:
    standing = Cursor(None, incidents[8].pk, timedelta(hours=1))

    assert page([Incident.objects.all()], ORDERS["-changed"], after=standing).rows
    assert page([Incident.objects.all()], ORDERS["due"], after=Cursor(NOW, incidents[8].pk)).rows


def test_standing_clocks_are_sorted_by_an_index(db) -> None:
    order = ORDERS["due"]
    rows = Incident.objects.open().filter(order.leg("clock_left")).order_by("clock_left", "id")[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")

    assert "incident_open_standing" in rows.explain()
