"""Clocks against a slow reading of the same rules: minute by minute, over histories nobody would think of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendars import Calendar, always
from sla.clock import Change, Reading, Rule, State, read
from tests.sla.slow_clock import slowly

MOSCOW = ZoneInfo("Europe/Moscow")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# A Friday noon before a weekend.
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OFFICE = Calendar(MOSCOW, (((540, 780), (840, 1080)),) * 5 + ((), ()))
# The Friday is a short day, the Saturday after it is worked, the Monday after that is a holiday.
SPECIAL = Calendar(
    MOSCOW,
    OFFICE.week,
    {date(2026, 11, 20): ((540, 780), (840, 1020)), date(2026, 11, 21): ((600, 900),), date(2026, 11, 23): ()},
)
# Nights, by the clock of another zone.
HAVANA = Calendar(ZoneInfo("America/Havana"), (((0, 180), (1200, 1440)),) * 7)
ROUND_THE_CLOCK = always(MOSCOW)
INCIDENT = Rule(
    allowed=4 * HOUR,
    calendar=ROUND_THE_CLOCK,
    starts=frozenset({"opened"}),
    stops=frozenset({"class:end"}),
    resumes=frozenset({"reopened"}),
    pauses=frozenset({"waiting"}),
)
CONTRACTOR = replace(INCIDENT, starts=frozenset({"handed_over"}), resumes=frozenset())


def change(minutes: float, *words: str, status: str = "") -> Change:
    return Change(NOW + MINUTE * minutes, frozenset(words), status)


def opened() -> Change:
    return change(0, "opened", status="new")


# --- Whatever happens -------------------------------------------------------------------------

WORDS = ["opened", "handed_over", "reopened", "class:end", "letter"]
STEP = st.tuples(
    st.integers(0, 900),
    st.lists(st.sampled_from(WORDS), max_size=2),
    st.sampled_from(["", "", "new", "waiting", "working"]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    at, done = 0, []
    for minutes, words, status in draw(st.lists(STEP, max_size=7)):
        at += minutes
        done.append(change(at, *words, status=status))
    return done


WORD_SETS = st.frozensets(st.sampled_from(WORDS), min_size=1, max_size=3)
# Those of the desk, and whatever a customer may put together: a word may start and stop at once.
KINDS = st.one_of(
    st.sampled_from([INCIDENT, CONTRACTOR]),
    st.builds(
        lambda starts, stops, resumes, pauses: replace(
            INCIDENT, starts=starts, stops=stops, resumes=resumes, pauses=pauses
        ),
        WORD_SETS,
        WORD_SETS,
        WORD_SETS,
        st.frozensets(st.sampled_from(["new", "waiting", "working"]), max_size=2),
    ),
)
RULES = st.builds(
    lambda rule, minutes, calendar: replace(rule, allowed=MINUTE * minutes, calendar=calendar),
    KINDS,
    st.integers(1, 2000),
    st.sampled_from([ROUND_THE_CLOCK, OFFICE, SPECIAL, HAVANA]),
)


@settings(max_examples=200, deadline=None)
@given(histories(), RULES, st.integers(0, 5000))
def test_any_history_reads_as_minute_by_minute(history, rule, minutes):
    now = NOW + MINUTE * minutes
    state, spent, over, is_late = slowly(history, rule, NOW, now)

    said = read(history, rule, now)

    assert (said.state, said.spent) == (state, spent)
    assert said.is_breached == is_late
    if over and said.is_breached:
        assert said.due == over


@settings(max_examples=60, deadline=None)
@given(histories(), RULES, st.integers(0, 5000), st.integers(0, 5000))
def test_the_deadline_of_a_running_clock_comes_true(history, rule, minutes, more):
    """If nothing else happens, the clock breaches after its deadline and not before."""
    now = NOW + MINUTE * minutes
    past = [each for each in history if each.at <= now]
    said = read(past, rule, now)
    later = now + MINUTE * more

    if said.state is State.RUNNING and said.due:
        assert read(past, rule, later).is_breached == (later > said.due)


@settings(max_examples=60, deadline=None)
@given(histories(), RULES, st.integers(0, 5000))
def test_phases_cover_the_time_from_start_to_now_without_gaps(history, rule, minutes):
    now = NOW + MINUTE * minutes
    phases = read(history, rule, now).phases

    assert all(one.end == other.start for one, other in pairwise(phases))
    assert all(one.state is not other.state for one, other in pairwise(phases))
    assert not phases or phases[-1].end is None


# --- Said in words ----------------------------------------------------------------------------


def at(minutes: float, *history: Change, rule: Rule = INCIDENT) -> Reading:
    return read(history, rule, NOW + MINUTE * minutes)


def test_round_the_clock_the_deadline_is_start_and_time_allowed():
    said = at(30, opened())

    assert (said.state, said.due, said.spent) == (State.RUNNING, NOW + 4 * HOUR, 30 * MINUTE)
    assert not said.is_breached


def test_before_its_start_a_clock_says_nothing():
    said = at(30, opened(), rule=CONTRACTOR)

    assert (said.state, said.due, said.started) == (State.IDLE, None, None)


def test_a_pause_moves_the_deadline_by_its_length():
    waiting, again = change(60, status="waiting"), change(150, status="working")

    assert at(100, opened(), waiting).due is None
    assert at(100, opened(), waiting).state is State.PAUSED
    assert at(200, opened(), waiting, again).due == NOW + 4 * HOUR + 90 * MINUTE


def test_what_ends_while_it_stands_still_ends_in_time():
    """The deadline had moved on with the pause, so closing long after the old one is not late."""
    waiting, end = change(60, status="waiting"), change(9_999, "class:end", status="closed")
    said = at(10_000, opened(), waiting, end)
    assert (said.state, said.is_breached) == (State.STOPPED, False)
    assert said.due == end.at + 3 * HOUR


def test_what_ends_on_saturday_and_was_due_on_friday_is_late():
    friday = datetime(2026, 11, 20, 10, 0, tzinfo=MOSCOW)
    history = [
        Change(friday, frozenset({"opened"}), "new"),
        Change(friday + timedelta(hours=26), frozenset({"class:end"}), "closed"),
    ]
    said = read(history, replace(INCIDENT, calendar=OFFICE, allowed=7 * HOUR), friday + timedelta(days=4))
    assert said.due == friday + 8 * HOUR
    assert (said.spent, said.is_breached) == (7 * HOUR, True)


def test_what_was_over_before_a_pause_stays_over_at_its_moment():
    said = at(400, opened(), change(300, status="waiting"), change(350, status="working"))

    assert said.is_breached
    assert said.due == NOW + 4 * HOUR


def test_closing_stops_and_opening_again_goes_on_with_the_time_left():
    closed, reopened = change(60, "class:end", status="closed"), change(600, "reopened", status="working")

    assert at(500, opened(), closed).spent == HOUR
    assert at(500, opened(), closed).stopped == NOW + HOUR
    said = at(601, opened(), closed, reopened)
    assert (said.spent, said.due) == (61 * MINUTE, NOW + 600 * MINUTE + 3 * HOUR)


def test_handing_over_again_does_not_start_the_contractors_clock_anew():
    first, second = change(10, "handed_over"), change(100, "handed_over")

    assert at(200, opened(), first, second, rule=CONTRACTOR).due == NOW + 10 * MINUTE + 4 * HOUR


def test_another_time_allowed_keeps_what_was_spent_and_paused():
    history = opened(), change(60, status="waiting"), change(150, status="working")
    longer = replace(INCIDENT, allowed=24 * HOUR)

    assert at(200, *history, rule=longer).due == NOW + 24 * HOUR + 90 * MINUTE


def test_a_status_that_pauses_pauses_from_the_first_moment():
    assert at(30, change(0, "opened", status="waiting")).spent == timedelta()


def test_what_is_opened_again_while_it_stands_still_stands_still():
    history = opened(), change(60, "class:end", status="closed"), change(90, "reopened", status="waiting")
    said = at(200, *history)
    assert (said.state, said.spent, said.due) == (State.PAUSED, HOUR, None)

    assert at(300, *history, change(250, status="working")).due == NOW + 250 * MINUTE + 3 * HOUR


def test_what_lies_ahead_has_not_happened():
    assert at(30, opened(), change(31, "class:end", status="closed")).state is State.RUNNING
