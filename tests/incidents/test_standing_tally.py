"""The counters that everybody shares while nothing changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from incidents import standing_tally
from incidents.models import Incident
from incidents.standing_tally import standing
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was committed in between: other tests write to the same cluster."""
    monkeypatch.setattr(standing_tally, "_snapshot", lambda: "7:7:")
    monkeypatch.setattr(standing_tally, "_last", None)


def test_whatever_was_committed_is_counted_at_once() -> None:
    person = make_user()
    assert standing(NOW).by_queue(person)["open"] == 0
    incident = make_incident()
    assert standing(NOW).by_queue(person)["open"] == 1
    Incident.objects.filter(pk=incident.pk).update(assignee=person)
    assert standing(NOW).of(person) == 1
    Incident.objects.filter(pk=incident.pk).update(closed_at=NOW)
    assert standing(NOW) == Incident.objects.tally(NOW)


def test_nobody_counts_again_what_did_not_change(quiet: None, django_assert_num_queries: Any) -> None:
    make_incident(due_at=NOW + timedelta(days=3))
    first = standing(NOW)
    with django_assert_num_queries(0):
        assert standing(NOW + timedelta(minutes=5)) is first


def test_a_deadline_that_passes_is_seen_though_nobody_wrote_anything(quiet: None) -> None:
    make_incident(due_at=NOW + timedelta(minutes=90))
    person = make_user()

    def pressing(minutes: float) -> tuple[int, int]:
        counts = standing(NOW + timedelta(minutes=minutes)).by_queue(person)
        return counts["at_risk"], counts["overdue"]

    assert [pressing(minutes) for minutes in (0, 30, 31, 90, 91)] == [(0, 0), (0, 0), (1, 0), (1, 0), (0, 1)]


def test_an_earlier_moment_is_counted_for_itself(quiet: None) -> None:
    make_incident(due_at=NOW + timedelta(minutes=90))
    person = make_user()
    assert standing(NOW + timedelta(minutes=91)).by_queue(person)["overdue"] == 1
    assert standing(NOW).by_queue(person)["overdue"] == 0


def test_a_transaction_sees_what_it_wrote_itself(quiet: None) -> None:
    person = make_user()
    standing(NOW)
    with transaction.atomic():
        make_incident()
        assert standing(NOW).by_queue(person)["open"] == 1
