"""Moments as words: by the clock of the desk, and back again to the same thousandth."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracker_bridge.backends import moments

MOSCOW = ZoneInfo("Europe/Moscow")


def test_a_moment_is_written_as_people_read_clocks() -> None:
    assert moments.written(datetime(2026, 3, 2, 12, 30, tzinfo=UTC), MOSCOW) == "2026-03-02 15:30:00"
    assert moments.written(datetime(2026, 3, 2, 12, 30, 0, 7000, UTC), MOSCOW) == "2026-03-02 15:30:00.007"


@given(
    at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    zone=st.sampled_from(["Europe/Moscow", "Asia/Kamchatka", "Europe/Kaliningrad"]).map(ZoneInfo),
)
def test_a_moment_is_read_as_it_was_written_by_any_clock(at: datetime, zone: ZoneInfo) -> None:
    moment = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    # The hour that clocks are set back over has the same words twice.
    assume(moment.astimezone(zone).replace(fold=0).astimezone(UTC) == moment)
    assert moments.read(moments.written(moment, zone), zone) == moment


@pytest.mark.parametrize("words", ["", "завтра", "2026-02-31 10:00:00", "2026-03-02", "2026-03-02 15:30:00 и позже"])
def test_other_words_are_no_moment(words: str) -> None:
    assert moments.read(words, MOSCOW) is None
