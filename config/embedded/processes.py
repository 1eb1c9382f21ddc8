"""Facts about processes: who is still the same one, who dies with whom, and how to end them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def identity(pid: int) -> str | None:
    """`pid:start time`, which no later process can have; None when there is no such process (or only its corpse)."""
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        # After the name: the state is the first field, the start time the twentieth.
        return None if fields[0] in "ZX" else f"{pid}:{fields[19]}"
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = asked.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else f"{pid}:{started.strip()}"


def is_alive(known: str) -> bool:
    """Whether the process with this identity still runs."""
    pid = known.partition(":")[0]
    return pid.isdigit() and identity(int(pid)) == known


def die_with_parent(parent: int, sign: signal.Signals) -> None:
    """Ask the kernel for `sign` when the parent ends; Linux only.

    Call it in the child, after any change of user (which clears it). It is tied to the parent *thread*, so children
    are started from main threads only.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), sign)


def end(pid: int, sign: signal.Signals, *, group: bool = False) -> None:
    """Send a signal to a process, or to its whole group; one that is gone already is fine."""
    try:
        (os.killpg if group else os.kill)(pid, sign)
    except (ProcessLookupError, PermissionError):
        return


def wait_until(condition: Callable[[], bool], limit: float, *, pause: float = 0.02) -> bool:
    """Whether the condition came true within `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def end_all(identities: Iterable[str], *, limit: float = 10) -> None:
    """Stop processes that are not our children: SIGTERM, at last SIGKILL. A stranger with a reused pid is spared."""
    alive = [known for known in identities if is_alive(known)]
    for known in alive:
        end(int(known.partition(":")[0]), signal.SIGTERM)
    wait_until(lambda: not any(map(is_alive, alive)), limit)
    for known in filter(is_alive, alive):
        end(int(known.partition(":")[0]), signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, alive)), 5)
