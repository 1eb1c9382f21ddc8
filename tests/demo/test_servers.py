"""demo_servers: the process that serves it all, and what a kill -9 leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from imapclient import IMAPClient

from tests.demo.mail import LETTER

ROOT = Path(__file__).resolve().parents[2]
# The command itself, without Django: what it needs of Django is argument parsing only.
SERVE = (
    "import asyncio, sys; from pathlib import Path; from demo.servers import serve;"
    "asyncio.run(serve(Path(sys.argv[1]), lambda line: print(line, flush=True)))"
)


@contextmanager
def servers(var: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(var)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "TowerStore" in process.stdout.readline()
        yield process, json.loads((var / "ports.json").read_text())
    finally:
        process.kill()
        process.wait()


def client_of(ports: dict[str, Any]) -> IMAPClient:
    client = IMAPClient("127.0.0.1", port=ports["imap"], ssl=False, timeout=5)
    client.login(ports["imap_login"], ports["imap_password"])
    return client


def test_everything_named_in_the_ports_file_answers(tmp_path: Path) -> None:
    with servers(tmp_path) as (process, ports):
        assert ports["pid"] == process.pid
        environment = ports["environment"]
        assert len(requests.get(environment["TS_POLES_TL_URL"], timeout=5).content) > 1_000_000
        with client_of(ports) as client:
            client.select_folder("INBOX")
        assert (tmp_path / "ports.json").stat().st_mode & 0o77 == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_letter_that_was_answered_ok_survives_kill_minus_nine(tmp_path: Path) -> None:
    with servers(tmp_path) as (process, ports), client_of(ports) as client:
        for number in range(20):
            client.append("INBOX", LETTER + b"%d" % number)
        uidvalidity = client.folder_status("INBOX", ["UIDVALIDITY"])
        process.kill()
        process.wait()
    with servers(tmp_path) as (_, again), client_of(again) as client:
        assert [again[name] for name in ("towerstore", "imap", "smtp")] == [
            ports[name] for name in ("towerstore", "imap", "smtp")
        ]
        assert client.folder_status("INBOX", ["UIDVALIDITY"]) == uidvalidity
        client.select_folder("INBOX", readonly=True)
        got = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
        assert [got[uid][b"BODY[]"] for uid in sorted(got)] == [LETTER + b"%d" % n for n in range(20)]


def test_a_second_copy_on_the_same_letters_is_refused(tmp_path: Path) -> None:
    with servers(tmp_path):
        second = subprocess.run(
            [sys.executable, "-c", SERVE, str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert second.returncode != 0
    assert "run already" in second.stderr


def test_the_servers_die_with_their_parent(tmp_path: Path) -> None:
    starter = (
        f"import subprocess, sys, time;subprocess.Popen([sys.executable, '-c', {SERVE!r}, sys.argv[1]]); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    child = json.loads((tmp_path / "ports.json").read_text())["pid"]
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody waits for has ended all the same.
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
