"""Letters of 150 MB, and disks that are full: seen from a process of its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import dovecot
from tests.mailbox import bad_server
from tests.mailbox.bad_server import BadServer

MB = 2**20
# What the watcher may come to need, whatever it is sent.
MOST_MEMORY = 300 * MB
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def take(store: Path, port: int, login: str, password: str, *, most: int = 50 * MB, limit: int = 0) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.mailbox.taking", str(port), login, password, str(store)]
    done = subprocess.run([*command, str(most), str(limit)], cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def large(megabytes: int) -> bytes:
    head = b"From: noc@operator.example\r\nSubject: large\r\n\r\n"
    line = b"0123456789" * 7 + b"\r\n"
    return head + line * (megabytes * MB // len(line))


def files(store: Path) -> list[Path]:
    return [path for path in store.rglob("*") if path.is_file()]


def test_a_letter_of_150_mb_is_stored_whole_in_little_memory(server, tmp_path):
    raw = large(150)
    server.append(raw)
    server.append(b"Subject: after it\r\n\r\n")
    told = take(tmp_path, server.port, dovecot.LOGIN, dovecot.PASSWORD, most=200 * MB)
    name = hashlib.sha256(raw).hexdigest()
    assert told["rows"][0] == [1, name, len(raw)]
    assert len(told["rows"]) == 2
    assert told["rss"] < MOST_MEMORY
    assert hashlib.sha256((tmp_path / name[:2] / name[2:4] / name).read_bytes()).hexdigest() == name


def test_a_letter_over_the_limit_is_stored_by_its_beginning(server, tmp_path):
    raw = large(60)
    server.append(raw)
    told = take(tmp_path, server.port, dovecot.LOGIN, dovecot.PASSWORD)
    [(_uid, sha256, size)] = told["rows"]
    assert size == len(raw)
    assert (tmp_path / sha256[:2] / sha256[2:4] / sha256).read_bytes() == raw[:MB]


@pytest.mark.parametrize("knows_pieces", [True, False])
def test_a_server_that_announces_little_and_sends_150_mb_gets_no_more_memory(tmp_path, knows_pieces):
    liar = BadServer(endless={1: 150 * MB}, claimed={1: 2000}, letters={2: b"Subject: honest\r\n\r\n"})
    liar.knows_pieces = knows_pieces
    with bad_server.running(liar):
        told = take(tmp_path, liar.port, "desk", "x")
    (_, _, size), honest = told["rows"]
    assert told["rss"] < MOST_MEMORY
    assert honest[0] == 2
    assert size > max(path.stat().st_size for path in files(tmp_path)) <= 50 * MB


def test_a_full_disk_is_told_and_leaves_nothing_half_written(server, tmp_path):
    server.append(large(1))
    server.append(large(9))
    told = take(tmp_path, server.port, dovecot.LOGIN, dovecot.PASSWORD, limit=MB // 2)
    assert told["rows"] == []
    assert told["error"].startswith("NotStored")
    assert "disk full" in told["error"]
    assert "File too large" in told["error"]
    assert files(tmp_path) == []
    told = take(tmp_path, server.port, dovecot.LOGIN, dovecot.PASSWORD, limit=2 * MB)
    assert [row[0] for row in told["rows"]] == [1]
    assert len(files(tmp_path)) == 1
    assert len(take(tmp_path, server.port, dovecot.LOGIN, dovecot.PASSWORD)["rows"]) == 2
