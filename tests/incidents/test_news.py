"""The mark by which a page asks whether anything was told since it was drawn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import news
from incidents.models import IncidentEvent
from tests.factories import NOW, make_incident

pytestmark = pytest.mark.django_db


def tell(pk: int) -> None:
    IncidentEvent.objects.create(pk=pk, incident=make_incident(), kind="read", at=NOW)


def test_it_is_the_same_until_something_is_told() -> None:
    for start in (None, 1000):
        if start:
            tell(start)
        mark = news.mark(NOW)
        assert news.is_same(mark, NOW + timedelta(seconds=5))
        tell(1001 if start else 900)
        assert not news.is_same(mark, NOW + timedelta(seconds=5))


def test_what_commits_late_under_a_smaller_number_is_news() -> None:
    tell(1000)
    tell(1002)
    mark = news.mark(NOW)
    tell(1001)
    assert not news.is_same(mark, NOW)


def test_an_old_mark_holds_no_longer_since_deadlines_pass_without_a_word() -> None:
    mark = news.mark(NOW)
    assert news.is_same(mark, NOW + timedelta(seconds=30))
    assert not news.is_same(mark, NOW + timedelta(seconds=31))
    assert not news.is_same(mark, NOW - timedelta(seconds=1))


@pytest.mark.parametrize("given", ["", "x", "1.2", "1.2.x", "1.2.3.4", "-1.0.1", "9" * 30 + ".1.1", "²." * 3])
def test_a_strange_mark_is_never_the_same(given: str) -> None:
    assert not news.is_same(given, NOW)
