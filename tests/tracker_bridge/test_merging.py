"""The merge of both sides: what it promises for any values, and the cases that have names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker_bridge.fields import Owner
from tracker_bridge.merging import Base, merge

NAMES = ("mine", "shared")
OWNERS = {"mine": Owner.DISPATCH, "shared": Owner.TRACKER}
VALUES = st.sampled_from([None, "a", "b", "c"])
SIDE = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
BASES = st.builds(Base, SIDE, SIDE)


@given(BASES, SIDE, SIDE)
def test_no_value_is_invented(base: Base, ours: dict, theirs: dict) -> None:
    merged = merge(base, ours, theirs, OWNERS)
    assert all(value == ours[name] for name, value in merged.push.items())
    assert all(value == theirs[name] for name, value in merged.take.items())
    assert not set(merged.push) & set(merged.take)


@given(BASES, SIDE, SIDE)
def test_once_both_have_done_it_nothing_is_left(base: Base, ours: dict, theirs: dict) -> None:
    merged = merge(base, ours, theirs, OWNERS)
    new_ours, new_theirs = {**ours, **merged.take}, {**theirs, **merged.push}
    agreed = Base({**merged.agreed.ours, **merged.take}, {**merged.agreed.theirs, **merged.push})
    again = merge(agreed, new_ours, new_theirs, OWNERS)
    assert (again.push, again.take, again.disputes) == ({}, {}, ())


@given(BASES, SIDE, SIDE)
def test_what_is_ours_alone_is_never_taken_from_there(base: Base, ours: dict, theirs: dict) -> None:
    assert "mine" not in merge(base, ours, theirs, OWNERS).take


@given(BASES, SIDE)
def test_an_echo_of_what_was_agreed_does_nothing(base: Base, ours: dict) -> None:
    """The tracker tells of our own write: its value is the one that stands in the base."""
    told = Base(ours, base.theirs)
    merged = merge(told, ours, base.theirs, OWNERS)
    assert (merged.push, merged.take, merged.disputes) == ({}, {}, ())


@given(BASES, SIDE, SIDE)
def test_a_frozen_field_is_left_alone(base: Base, ours: dict, theirs: dict) -> None:
    merged = merge(base, ours, theirs, OWNERS, frozen={"shared"})
    assert "shared" not in {*merged.push, *merged.take, *(each.name for each in merged.disputes)}


def test_where_both_changed_the_owner_wins_and_the_loser_is_kept_in_the_journal() -> None:
    base = Base({"shared": "a", "mine": "a"}, {"shared": "a", "mine": "a"})
    merged = merge(base, {"shared": "b", "mine": "b"}, {"shared": "c", "mine": "c"}, OWNERS)
    assert merged.take == {"shared": "c"}
    assert merged.push == {"mine": "b"}
    assert {(each.name, each.ours, each.theirs, each.winner) for each in merged.disputes} == {
        ("shared", "b", "c", Owner.TRACKER),
        ("mine", "b", "c", Owner.DISPATCH),
    }


def test_a_change_on_one_side_is_no_dispute() -> None:
    base = Base({"shared": "a", "mine": "a"}, {"shared": "a", "mine": "a"})
    merged = merge(base, {"shared": "b", "mine": "a"}, {"shared": "a", "mine": "a"}, OWNERS)
    assert (merged.push, merged.take, merged.disputes) == ({"shared": "b"}, {}, ())


def test_a_protected_field_that_was_changed_over_there_is_put_back_and_journaled() -> None:
    base = Base({"mine": "a"}, {"mine": "a"})
    merged = merge(base, {"mine": "a"}, {"mine": "x"}, OWNERS)
    assert merged.push == {"mine": "a"}
    assert [each.name for each in merged.disputes] == ["mine"]


def test_a_form_of_its_own_over_there_is_no_change() -> None:
    merged = merge(
        Base({"mine": "a long text"}, {"mine": "a long"}), {"mine": "a long text"}, {"mine": "a long"}, OWNERS
    )
    assert (merged.push, merged.take) == ({}, {})


def test_an_empty_field_of_a_strange_issue_takes_nothing_away() -> None:
    merged = merge(Base(), {"shared": "a", "mine": "b"}, {}, OWNERS)
    assert merged.push == {"shared": "a", "mine": "b"}
    assert (merged.take, merged.disputes) == ({}, ())
