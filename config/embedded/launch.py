"""One launcher per VAR_DIR: its lock, its signals, its port, and what an earlier one left behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from config.embedded import leftovers, state
from config.embedded.errors import EmbeddedError
from config.embedded.locks import FileLock
from config.embedded.paths import make_var_dir
from config.embedded.processes import die_with_parent, identity

# Set by the Makefile: a launcher whose `make` is killed has nobody left at the terminal.
TIED = "DISPATCH_TIED_TO_PARENT"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_STOP = 60.0


class Stop(BaseException):
    """Somebody wants the launcher to stop. Not an Exception, so nothing on the way swallows it."""


class Signals:
    """Turns the first signal into `Stop`, raised in the main thread; the next one sets `again`."""

    def __init__(self) -> None:
        self.stopping = False
        self.again = False
        for sign in STOP_SIGNALS:
            # nohup means it; a script's `&` ignores SIGINT for us too, but then wants to stop us by it.
            if sign is not signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN:
                signal.signal(sign, self._receive)

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            self.again = True
            return
        self.stopping = True
        raise Stop


@contextmanager
def only_launcher(var: Path, port: int) -> Iterator[None]:
    """Be the launcher of this VAR_DIR, with the leftovers of a killed one gone, or say who is."""
    make_var_dir(var)
    lock, card = FileLock(var / "run" / "launcher.lock"), var / "run" / "launcher.json"
    _take(lock, card)
    before = _read(card).get("identity")
    if before:
        leftovers.sweep(str(before))
    state.forget_ready(var)
    require_free(port)
    own = identity(os.getpid()) or ""
    _write(card, identity=own, port=port)
    leftovers.start_guard(own)
    if os.environ.pop(TIED, ""):
        die_with_parent(os.getppid(), signal.SIGTERM)
    try:
        yield
    finally:
        state.forget_ready(var)
        lock.release()


def say_stopping(var: Path) -> None:
    """A start that comes now waits for our end instead of giving up."""
    card = var / "run" / "launcher.json"
    _write(card, **_read(card) | {"stopping": True})


def require_free(port: int) -> None:
    """Stop with one clear line if the port cannot be listened on."""
    with socket.socket() as probe:
        # As the web server does: a connection of the past that lingers does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise EmbeddedError(f"Port {port} is taken. Choose another one: PORT={port + 1} make run") from None
            raise EmbeddedError(f"Port {port} cannot be used: {error.strerror}. Choose another PORT.") from None


def _take(lock: FileLock, card: Path) -> None:
    if lock.hold_alone():
        return
    deadline = time.monotonic() + LONGEST_STOP
    while _read(card).get("stopping") and time.monotonic() < deadline:
        if lock.hold_alone(wait=0.5):
            return
    # Between its lock and its card a starting launcher has no name yet.
    running = _read(card)
    pid, port = str(running.get("identity", "?")).partition(":")[0], running.get("port", "?")
    raise EmbeddedError(
        f"Dispatch already runs from {card.parent.parent} (process {pid}, http://127.0.0.1:{port}). "
        "Stop it first, or start a second copy with another VAR_DIR and PORT."
    )


def _read(card: Path) -> dict[str, Any]:
    try:
        known = json.loads(card.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(card: Path, **facts: Any) -> None:
    fresh = card.with_suffix(".new")
    fresh.write_text(json.dumps(facts))
    fresh.replace(card)
