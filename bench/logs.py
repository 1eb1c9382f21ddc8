"""What the parts of a running copy write: how much, and which lines again and again."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

# Times, numbers and ids differ in lines that say the same.
_DIFFERS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+")
SHOWN = 4


def sizes(var: Path) -> dict[str, int]:
    """Bytes of each log."""
    return {path.name: path.stat().st_size for path in sorted((var / "logs").glob("*.log"))}


def since(var: Path, before: dict[str, int]) -> dict[str, str]:
    """What was written to each log since these sizes."""
    found = {}
    for path in sorted((var / "logs").glob("*.log")):
        with path.open("rb") as log:
            log.seek(before.get(path.name, 0))
            found[path.name] = log.read().decode(errors="replace")
    return found


def print_summary(written: dict[str, str], seconds: float) -> None:
    """Size and lines of each log, how many are warnings or errors ("loud"), and those that came most often."""
    minutes = max(seconds / 60, 1 / 60)
    for name, text in written.items():
        lines = text.splitlines()
        if not lines:
            continue
        loud = sum(" WARNING " in line or " ERROR " in line for line in lines)
        print(
            f"{name}: {len(text) / 1024:.0f} KB, {len(lines) / minutes:.0f} lines a minute, {loud / minutes:.1f} loud"
        )
        for line, number in Counter(_DIFFERS.sub("#", line) for line in lines).most_common(SHOWN):
            print(f"    {number:6d} × {line[:150]}")
