from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dispatchers.choosing import Candidate, freest

EARLY, LATE = datetime(2026, 8, 18, 9, tzinfo=UTC), datetime(2026, 8, 18, 12, tzinfo=UTC)


def test_fewest_open_incidents_win():
    assert freest([Candidate(1, 5, None), Candidate(2, 3, LATE)]).id == 2


def test_among_equals_the_one_who_waited_longest_is_next():
    assert freest([Candidate(1, 3, LATE), Candidate(2, 3, EARLY)]).id == 2
    assert freest([Candidate(1, 3, EARLY), Candidate(2, 3, None)]).id == 2


def test_nobody_is_nobody():
    assert freest([]) is None


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8), st.integers(1, 60))
def test_loads_never_drift_apart(loads, incidents):
    """Whatever the start, handing out evens loads: at the end nobody who got one is above the rest by more than one."""
    given_at: dict[int, datetime] = {}
    got: set[int] = set()
    for moment in range(incidents):
        chosen = freest(Candidate(n, load, given_at.get(n)) for n, load in enumerate(loads))
        loads[chosen.id] += 1
        given_at[chosen.id] = datetime.fromtimestamp(moment, UTC)
        got.add(chosen.id)
    assert max(loads[n] for n in got) - min(loads) <= 1
