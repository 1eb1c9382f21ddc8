"""Children of a launcher that was killed. They carry its identity in their environment, so strangers are safe."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.embedded.processes import LINUX, end, is_alive, wait_until
from config.embedded.state import LAUNCHER


def start_guard(launcher: str) -> None:
    """Start a small process that outlives this launcher, ends what it left behind, and goes."""
    subprocess.run(
        [sys.executable, "-I", str(Path(__file__).parent), "guard", launcher],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def guard(launcher: str) -> None:
    """What the guard does. It sleeps until the launcher is gone, however it goes."""
    if os.fork():
        return
    os.setsid()
    for sign in (signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    _wait_for_end(launcher)
    sweep(launcher)


def sweep(launcher: str) -> None:
    """Kill every process that this launcher started and that still runs. What they work on survives a kill."""

    def killed_all() -> bool:
        found = list(_children_of(launcher))
        for pid in found:
            end(pid, signal.SIGKILL)
        return not found

    wait_until(killed_all, 5)


def _wait_for_end(launcher: str) -> None:
    if LINUX:
        try:
            descriptor = os.pidfd_open(int(launcher.partition(":")[0]))
        except OSError:
            return
        if is_alive(launcher):
            select.select([descriptor], [], [])
    while is_alive(launcher):
        time.sleep(0.2)


def _children_of(launcher: str) -> Iterator[int]:
    mark = f"{LAUNCHER}={launcher}"
    if LINUX:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and mark.encode() in _environment(entry):
                yield int(entry.name)
        return
    shown = subprocess.run(["ps", "eww", "-axo", "pid=,command="], capture_output=True, text=True, check=False)
    for line in shown.stdout.splitlines():
        pid, _, rest = line.strip().partition(" ")
        if mark in rest.split():
            yield int(pid)


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # gone in between, or not ours
