"""The demo's tracker beside the product: whether it is wanted, where it listens, and what makes the product use it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.embedded.paths import logins_file, tracker_file
from config.embedded.processes import identity
from config.env import env_bool

# Set by `make run TRACKER=1`.
WANTED = "TRACKER"
# Whoever sets one of these has a tracker of his own, or none by choice.
GROUPS = ("TRACKER_", "YT_", "REDMINE_")
NOTE = "tracker: "


def is_wanted() -> bool:
    return env_bool(WANTED)


def own_settings() -> list[str]:
    """Names of settings of a tracker that are in the environment or in `.env`, which win over the demo's."""
    return sorted(name for name, value in os.environ.items() if name.startswith(GROUPS) and value.strip())


def was_on(var: Path) -> bool:
    """Whether this copy has ever been run with the demo's tracker."""
    return tracker_file(var).exists()


def read_card(var: Path) -> dict[str, Any]:
    """What the demo's tracker wrote, if it still runs."""
    try:
        known = json.loads(tracker_file(var).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) and identity(int(known.get("pid", 0))) else {}


def environment(var: Path) -> Mapping[str, str]:
    found: Mapping[str, str] = read_card(var).get("environment", {})
    return found


def note_address(var: Path, url: str) -> None:
    """One line in the file of logins that says where somebody acts as a user of the tracker; none without it."""
    file = logins_file(var)
    if not file.exists():
        return
    lines = [line for line in file.read_text().splitlines() if not line.startswith(NOTE)]
    if url:
        lines.append(f"{NOTE}{url}/  (act as its users there, no password)")
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in lines))
    fresh.replace(file)
