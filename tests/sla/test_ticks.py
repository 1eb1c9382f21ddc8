"""How late the clock is that looks for warnings, and who learns of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailbox.models import Notice
from sla import ticks
from sla.models import Tick
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _somebody_to_tell(settings) -> None:
    settings.TG_TOKEN, settings.TG_CHATS = "1:x", ["7"]


def lag(seconds: float) -> float:
    return ticks.standing(ticks.WARNINGS, NOW + seconds * SECOND).lag.total_seconds()


def test_a_tick_in_time_is_not_late():
    ticks.note(ticks.WARNINGS, NOW)
    ticks.note(ticks.WARNINGS, NOW + 15.2 * SECOND)

    assert ticks.note(ticks.WARNINGS, NOW + 30.2 * SECOND).lag < SECOND
    assert (lag(40), lag(50)) == (0.0, pytest.approx(4.8))


def test_one_that_does_not_come_grows_later_until_it_alarms():
    ticks.note(ticks.WARNINGS, NOW)

    assert not ticks.standing(ticks.WARNINGS, NOW + 75 * SECOND).is_alarming
    assert ticks.standing(ticks.WARNINGS, NOW + 76 * SECOND).is_alarming


def test_when_it_goes_on_the_keepers_are_told_once_from_when_to_when_it_stood_still():
    ticks.note(ticks.WARNINGS, NOW)

    ticks.note(ticks.WARNINGS, NOW + 600 * SECOND)
    ticks.note(ticks.WARNINGS, NOW + 615 * SECOND)

    notice = Notice.objects.get()
    assert "15:00" in notice.text
    assert "15:10" in notice.text
    tick = Tick.objects.get()
    assert (tick.since, tick.gap_from, tick.gap_until) == (NOW, NOW, NOW + 600 * SECOND)
    assert ticks.standing(ticks.WARNINGS, NOW + 630 * SECOND).stood_still
    assert not ticks.standing(ticks.WARNINGS, NOW + timedelta(days=2)).stood_still


def test_a_clock_that_was_put_back_is_no_lag():
    ticks.note(ticks.WARNINGS, NOW)

    assert ticks.note(ticks.WARNINGS, NOW - timedelta(hours=1)).lag == timedelta()
    assert lag(-3700) == 0.0


def test_what_has_never_run_alarms_nobody():
    assert not ticks.standing(ticks.WARNINGS, NOW).is_alarming
