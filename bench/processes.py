"""What processes cost: CPU seconds of a process and of everything it started."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of_tree(root: int) -> float:
    """CPU seconds of the process, of its living descendants and of those that have ended and were waited for."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        pid, parent = int(entry.name), int(fields[1])
        children.setdefault(parent, []).append(pid)
        # utime, stime, and those of children that were waited for
        spent[pid] = sum(map(int, fields[11:15])) / TICKS
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        total += spent.get(pid, 0.0)
        waiting += children.get(pid, [])
    return total


def memory_of(pid: int) -> float:
    """Megabytes that a process holds in memory; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kept = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), "0")
    return int(kept) / 1024
