"""Whether the launcher of this copy said "everything is up". The mark of a killed launcher does not count."""

from __future__ import annotations

import os
from pathlib import Path

from config.embedded.processes import identity, is_alive

# Set for every process that the launcher starts: its identity.
LAUNCHER = "DISPATCH_LAUNCHER"


def under_launcher() -> bool:
    """Whether this process was started by `manage.py up`."""
    return LAUNCHER in os.environ


def mark_ready(var: Path) -> None:
    """Called by the launcher itself when all it started answers."""
    _mark(var).write_text(identity(os.getpid()) or "")


def forget_ready(var: Path) -> None:
    _mark(var).unlink(missing_ok=True)


def is_ready(var: Path) -> bool:
    """Whether a launcher that still runs has called `mark_ready`."""
    try:
        return is_alive(_mark(var).read_text())
    except OSError:
        return False


def _mark(var: Path) -> Path:
    return var / "run" / "ready"
