"""All workers together call the tracker no faster than it allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.embedded import paths, valkey
from tracker_bridge import pace
from tracker_bridge.pace import Pace
from tracker_bridge.protocol import Transient


@pytest.fixture
def broker(tmp_path: Path, settings: Any) -> Iterator[None]:
    with valkey.shared(tmp_path):
        settings.REDIS_URL = paths.redis_client_url(tmp_path)
        _forget()
        yield
        pace._broker().close()
    _forget()


def _forget() -> None:
    pace._broker.cache_clear()
    pace._script.cache_clear()


def test_two_workers_share_one_bucket_and_searches_have_their_own(broker: None) -> None:
    began = time.monotonic()
    workers = [threading.Thread(target=lambda: [Pace("t", 20)("v2/issues/1") for _ in range(20)]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Twenty at once, and as many in the second after it.
    assert time.monotonic() - began >= 0.95
    assert pace.seconds_behind("t") == 0
    began = time.monotonic()
    Pace("t", 20)("v2/issues/_search")
    assert time.monotonic() - began < 0.5


def test_whoever_would_wait_too_long_comes_again(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "PATIENCE", 0.05)
    slow = Pace("t", 1)
    slow("v2/issues/1")
    with pytest.raises(Transient) as error:
        slow("v2/issues/1")
    assert error.value.retry_after is not None


def test_without_a_broker_or_a_limit_nobody_waits(tmp_path: Path, settings: Any) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    _forget()
    began = time.monotonic()
    Pace("t", 1)("v2/issues/1")
    Pace("t", 0)("v2/issues/1")
    assert pace.seconds_behind("t") == 0
    assert time.monotonic() - began < 1
    _forget()
