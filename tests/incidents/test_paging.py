"""Keyset paging: every row once, in order, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.filters import ORDERS
from incidents.models import Incident
from incidents.paging import Cursor, page
from tests.factories import NOW, make_incident

MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(st.none() | MOMENTS, st.integers(min_value=1, max_value=10**18 - 1))
def test_a_cursor_survives_the_address(moment, pk) -> None:
    assert Cursor.parse(str(Cursor(moment, pk))) == Cursor(moment, pk)


@pytest.mark.parametrize("text", ["", "~", "x~1", "20260818T120000.0~x", "~" + "9" * 30, "99999999T000000.0~1", "~²"])
def test_a_spoilt_cursor_is_none(text: str) -> None:
    assert Cursor.parse(text) is None


@pytest.fixture
def incidents(db) -> list[Incident]:
    """Deadlines and changes repeat, so that ties are cut by pages too; some have no deadline."""
    return [
        make_incident(
            active_at=NOW + timedelta(minutes=n // 3),
            opened_at=NOW - timedelta(hours=n % 4),
            due_at=None if n % 5 == 0 else NOW + timedelta(hours=n // 4),
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
    sign = -1 if order.descending else 1
    assert walked == sorted(
        incidents,
        key=lambda row: (
            getattr(row, order.field) is None,
            sign * (getattr(row, order.field) or NOW).timestamp(),
            sign * row.pk,
        ),
    )
    assert back[-1] == forth[0]
    assert {row.pk for rows in back for row in rows} == {row.pk for row in incidents}
