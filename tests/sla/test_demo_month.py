"""A month as the demo invents it, by the product's own means: the stored clocks are those of its events."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from demo import stories
from sla.models import IncidentClock
from tests.demo.conftest import host as host
from tests.demo.mail import Host
from tests.demo.test_history import SMALL, live
from tests.demo.test_history import desk as desk

SLOW = pytest.mark.slow


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(("hours", "count"), [(0, 4), pytest.param(1, 12, marks=SLOW), pytest.param(2, 12, marks=SLOW)])
def test_after_a_random_month_the_check_finds_no_difference(host: Host, hours: int, count: int) -> None:
    # Every moment of its end is another month.
    end = datetime.now(ZoneInfo("Europe/Moscow")) - timedelta(hours=hours)
    live(host, stories.month(SMALL, end, count=count))
    out = StringIO()

    call_command("recompute_sla", check=True, stdout=out)

    assert f"{count} incidents, 0 differences" in out.getvalue()
    assert IncidentClock.objects.filter(clock="incident").exists()
