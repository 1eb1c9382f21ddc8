"""Working hours as people type them."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import DomainError
from sla import calendar_words
from sla.calendars import WHOLE_DAY, Intervals

OFFICE: Intervals = ((540, 780), (840, 1080))


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("9:00–13:00, 14:00–18:00", OFFICE),
        ("9-13 14-18", OFFICE),
        ("14.00 — 18.00; 09.00 - 13.00", OFFICE),
        ("0900-1300 и 1400-1800", OFFICE),
        ("9-13,13-18", ((540, 1080),)),
        ("0-24", WHOLE_DAY),
        ("", ()),
        (" — ", ()),
    ],
)
def test_hours_are_understood_however_they_are_typed(typed, hours):
    assert calendar_words.intervals(typed) == hours


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("9-13, утром", "not understood"),
        ("8 часов", "not understood"),
        ("9", "not understood"),
        ("9-13, 12-18", "9:00–13:00 and 12:00–18:00 overlap"),
        ("22-6", "ends before it begins"),
        ("9-9", "ends before it begins"),
        ("9-25", "no such time"),
        ("9:70-12", "no such time"),
    ],
)
def test_what_is_wrong_is_said_in_words(typed, said):
    with translation.override("en"), pytest.raises(DomainError, match=said):
        calendar_words.intervals(typed)


@given(st.sets(st.integers(0, 1440), max_size=8))
def test_what_is_shown_can_be_typed_again(edges):
    ordered = sorted(edges)
    hours = tuple(zip(ordered[::2], ordered[1::2], strict=False))

    assert calendar_words.intervals(calendar_words.hours(hours)) == hours


def test_a_week_is_told_in_as_few_words_as_it_needs():
    with translation.override("en"):
        short = ((540, 1020),)
        assert calendar_words.week((*(OFFICE,) * 4, short, (), ())) == [
            "Mo–Th 9:00–13:00, 14:00–18:00",
            "Fr 9:00–17:00",
        ]
        assert calendar_words.week((WHOLE_DAY,) * 7) == ["round the clock"]
        assert calendar_words.week(((),) * 7) == ["no working hours at all"]
