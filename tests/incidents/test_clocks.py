"""The words and states of a clock, as the desk is used to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from incidents.clocks import ClockState, ago, contractor_clock, dispatcher_clock, exact, incident_clock, span
from incidents.models import Incident
from tests.factories import NOW


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def incident(**facts) -> Incident:
    return Incident(**{"opened_at": NOW - timedelta(hours=20), "due_at": NOW + timedelta(hours=4), **facts})


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        ({"due_at": None}, ClockState.UNKNOWN, "no type"),
        ({}, ClockState.RUNNING, "4 h 00 m"),
        ({"due_at": NOW + timedelta(hours=1)}, ClockState.RUNNING, "1 h 00 m"),
        ({"due_at": NOW + timedelta(minutes=42)}, ClockState.RISK, "0 h 42 m"),
        ({"due_at": NOW}, ClockState.RISK, "0 h 00 m"),
        ({"due_at": NOW - timedelta(minutes=26)}, ClockState.OVERDUE, "−0 h 26 m"),
        ({"closed_at": NOW + timedelta(hours=5, minutes=7)}, ClockState.LATE, "+1 h 07 m"),
        ({"closed_at": NOW - timedelta(hours=10)}, ClockState.IN_TIME, "10 h 00 m"),
        ({"closed_at": NOW + timedelta(hours=4)}, ClockState.IN_TIME, "1 d 0 h"),
    ],
)
def test_the_incidents_clock(facts, state, words) -> None:
    face = incident_clock(incident(**facts), NOW)

    assert (face.state, face.words) == (state, words)


def test_a_running_clock_says_what_it_counts_from_and_a_stopped_one_does_not() -> None:
    running = incident_clock(incident(), NOW)
    stopped = incident_clock(incident(closed_at=NOW), NOW)

    assert (running.start, running.due) == (NOW - timedelta(hours=20), NOW + timedelta(hours=4))
    assert (stopped.start, stopped.due) == (None, None)
    assert running.share == 83


def test_the_contractors_clock_waits_for_the_handing_over_and_ends_with_his_work() -> None:
    handed = {"handed_over_at": NOW - timedelta(hours=2), "contractor_due_at": NOW + timedelta(hours=2)}

    assert contractor_clock(incident(), NOW).state == ClockState.UNKNOWN
    assert contractor_clock(incident(**handed), NOW).state == ClockState.RUNNING
    assert contractor_clock(incident(**handed, contractor_done_at=NOW), NOW).words == "2 h 00 m"


def test_the_dispatchers_clock_runs_to_what_the_rules_say() -> None:
    due = {"first_action_due_at": NOW + timedelta(minutes=1)}

    assert dispatcher_clock(incident(**due), NOW).state == ClockState.RISK
    assert dispatcher_clock(incident(first_action_due_at=NOW - timedelta(minutes=1)), NOW).state == ClockState.OVERDUE
    assert dispatcher_clock(incident(**due, first_action_at=NOW), NOW).state == ClockState.IN_TIME
    assert dispatcher_clock(incident(), NOW).words == "no deadline"


def test_a_clock_that_stands_still_says_what_is_left_and_is_not_counted_on() -> None:
    facts = {"due_at": None, "clock_left": timedelta(hours=3), "contractor_clock_left": timedelta(hours=26)}

    face = incident_clock(incident(**facts), NOW)

    assert (face.state, face.words, face.title) == (
        ClockState.PAUSED,
        "idle, 3 h",
        "Stands still, 3 h 00 m left",
    )
    assert (face.start, face.due, face.share) == (None, None, None)
    assert contractor_clock(incident(**facts), NOW).words == "idle, 26 h"


def test_what_was_overdue_before_it_stood_still_stays_so_and_grows_no_more() -> None:
    over = incident(due_at=NOW - timedelta(days=3), clock_left=timedelta(minutes=-40))

    face = incident_clock(over, NOW)

    assert (face.state, face.words, face.due) == (ClockState.OVERDUE, "−0 h 40 m", None)


def test_a_typed_incident_without_a_rule_has_no_deadline() -> None:
    assert incident_clock(incident(due_at=None, type_id=1), NOW).words == "no deadline"


def test_spans_and_ages_have_two_numbers_at_most() -> None:
    assert span(timedelta(days=1, hours=21, minutes=59)) == "1 d 21 h"
    assert [ago(NOW - timedelta(seconds=s), NOW) for s in (0, 59, 60, 3599, 3600, 86400, 27 * 86400)] == [
        "now", "now", "1 m", "59 m", "1 h", "1 d", "27 d",
    ]  # fmt: skip
    assert ago(NOW - timedelta(days=28), NOW) == "21.07.26"


def test_exact_moments_are_in_the_desks_time_zone() -> None:
    assert exact(NOW) == "18.08.2026 15:00 MSK"
