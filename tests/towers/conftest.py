"""A small TowerStore of the test's own, served over HTTP as the real one is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.registry import build
from demo.towerstore import TowerStore
from towers.sync import FEEDS


@pytest.fixture
def store(settings) -> Iterator[TowerStore]:
    """Sixty poles with all their contractors, and 120 station rows, three of them nameless; settings point to it."""
    with TowerStore(build(poles=60, station_rows=120, contractor_share=1.0)) as store:
        settings.TOWERSTORE = {feed: store.feed_url(feed) for feed in FEEDS}
        settings.TOWERSTORE_TIMEOUT = 5
        settings.DEFAULT_CONTRACTOR_EMAILS = ["avr@desk.example"]
        yield store
