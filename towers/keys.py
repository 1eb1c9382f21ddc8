"""What `code_key` and `name_key` hold: the one spelling in which registry and typed text are compared."""

from __future__ import annotations

from towers.matching.spelling import RUN, join_station, plain, pole_key, settle

__all__ = ["pole_key", "station_key"]


def station_key(name: str) -> str:
    """The key of a whole station name, or of its beginning: KI 0075, KI-0075 and кi0075 are one."""
    runs = [settle(run) for run in RUN.findall(plain(name))]
    return join_station(runs) if runs else ""
