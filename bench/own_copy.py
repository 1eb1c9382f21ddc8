"""A copy of Dispatch of one's own for a measurement: started as `make run` does, with data in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from imapclient import IMAPClient

from config.embedded import keeper
from config.embedded.processes import identity

ROOT = Path(__file__).resolve().parents[1]
# What a copy is made of, by the words of its command line; the two servers are known by their keepers.
_PROGRAMS = {"watcher": "manage.py watch_mail", "worker": "celery -A config worker", "web": "uvicorn config.asgi"}
_SERVERS = {"broker": "valkey", "database": "postgres"}
PARTS = [*_PROGRAMS, *_SERVERS]

Answer = TypeVar("Answer")


class Copy:
    """A running copy. `port` is the web's, `var` its data."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.address = f"http://127.0.0.1:{port}"
        # The simulator stays quiet: only the measurement writes letters.
        self.environment = os.environ | {"VAR_DIR": str(var), "PORT": str(port), "DEMO_LETTER_SECONDS": "86400"}

    def start(self, limit: float = 600) -> None:
        """Start and wait for /healthz to say that everything stands."""
        log = (self.var / "up.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
        )
        until(lambda: self.healthy() or self.process.poll() is not None, limit)
        if self.process.poll() is not None:
            raise SystemExit((self.var / "up.log").read_text())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def healthy(self) -> bool:
        import requests

        try:
            return requests.get(f"{self.address}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def ports(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.var / "ports.json").read_text())
        return found

    def imap(self) -> IMAPClient:
        ports = self.ports()
        client = IMAPClient("127.0.0.1", port=ports["imap"], ssl=False, timeout=30)
        client.login(ports["imap_login"], ports["imap_password"])
        return client

    def password(self, login: str) -> str:
        lines = (self.var / "demo-logins.txt").read_text().splitlines()
        return next(line.split(" / ")[1].strip() for line in lines if line.split(" / ")[0].strip() == login)

    def pids(self, words: str) -> list[int]:
        """Processes of this copy whose command line holds the words; parents before children."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                mine = f"VAR_DIR={self.var}".encode() in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if words in command and mine and " up " not in f"{command} ":
                found.append(int(entry.name))
        return sorted(found)

    def part(self, name: str) -> list[int]:
        """The living processes of one of PARTS; none while it is being started again."""
        if name in _PROGRAMS:
            return self.pids(_PROGRAMS[name])
        identity_then = str(keeper.state_of(self.var, _SERVERS[name]).get("server", ""))
        pid = int(identity_then.split(":")[0] or 0)
        return [pid] if pid and identity(pid) == identity_then else []

    def server_pid(self, name: str) -> int:
        """The pid of `postgres` or `valkey`, as its keeper knows it."""
        return int(keeper.state_of(self.var, name)["server"].split(":")[0])


@contextmanager
def running() -> Iterator[Copy]:
    """Start a copy in a new folder, stop it and remove the folder afterwards."""
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        copy = Copy(Path(folder).resolve(), free_port())
        try:
            copy.start()
            yield copy
        finally:
            copy.stop()


def patient(question: Callable[[], Answer], seconds: float = 120) -> Answer:
    """Ask the database again while it is being killed."""
    from django.db import Error, connection

    deadline = time.monotonic() + seconds
    while True:
        try:
            return question()
        except Error:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Any, seconds: float) -> float:
    """Wait for the condition; returns the seconds it took, raises TimeoutError after `seconds`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.1)
    return time.monotonic() - began
