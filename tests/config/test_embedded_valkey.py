import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.embedded import keeper, paths, valkey
from config.embedded.errors import EmbeddedError
from config.embedded.processes import wait_until


@pytest.fixture
def var(tmp_path) -> Iterator[Path]:
    yield tmp_path / "Папка с данными"
    assert not valkey.is_running(tmp_path / "Папка с данными")


def client(var: Path) -> redis.Redis:
    return redis.Redis.from_url(paths.redis_client_url(var))


def answers(var: Path) -> bool:
    try:
        return bool(client(var).ping())
    except redis.ConnectionError:
        return False


def test_the_queue_is_there_after_a_restart(var):
    with valkey.shared(var):
        client(var).rpush("celery", "a task")
    assert not answers(var)
    with valkey.shared(var):
        assert client(var).lrange("celery", 0, -1) == [b"a task"]


def test_a_killed_broker_is_started_again_with_its_queue(var):
    with valkey.shared(var):
        client(var).rpush("celery", "a task")
        killed = str(keeper.state_of(var, valkey.NAME)["server"])
        # Written down once a second at the latest.
        assert wait_until(lambda: client(var).info("persistence")["aof_pending_bio_fsync"] == 0, 3)
        os.kill(int(killed.partition(":")[0]), signal.SIGKILL)
        assert wait_until(lambda: valkey.is_running(var) and keeper.state_of(var, valkey.NAME)["server"] != killed, 20)
        assert client(var).lrange("celery", 0, -1) == [b"a task"]


def test_it_listens_on_no_port(var):
    with valkey.shared(var):
        assert client(var).config_get("port") == {"port": "0"}


def test_without_any_valkey_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(valkey, "_in_wheel", list)
    monkeypatch.setattr(valkey, "_in_system", list)
    with pytest.raises(EmbeddedError, match=r"make setup.*apt install redis-server.*REDIS_URL"):
        valkey.program()
