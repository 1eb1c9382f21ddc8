"""The codes of the registry arranged for look-up: by key, by beginning, by unpadded number."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from towers.matching.spelling import CHAIN, RUN, join_station, plain, pole_key, settle, unpadded
from towers.matching.vocabulary import is_label, strip_label

# A name that stands on more poles than this is a kind of equipment, not the name of a station.
MAX_POLES_OF_A_NAME = 8
# A beginning shared by more poles than this names none of them.
MAX_POLES_OF_A_PREFIX = 200
_ODD_JOINT = re.compile(r"[^\w\s-]")

Rows = int | tuple[int, ...]


def _add(rows: dict[str, Rows], key: str, row: int) -> None:
    known = rows.get(key)
    if known is None:
        rows[key] = row
    elif isinstance(known, int):
        rows[key] = (known, row)
    else:
        rows[key] = (*known, row)


def _rows(found: Rows | None) -> tuple[int, ...]:
    if found is None:
        return ()
    return (found,) if isinstance(found, int) else found


def station_runs(name: str) -> list[str]:
    """The runs of a name that identify it: `БС PL_77_23966 Подольск` gives 77 and 23966."""
    best: list[str] = []
    most = 0
    for chain in CHAIN.finditer(plain(name)):
        digits = sum(map(str.isdigit, chain[0]))
        if digits > most:
            most, best = digits, RUN.findall(chain[0])
    while len(best) > 1 and best[-1].isalpha():
        best.pop()
    # A separate label goes when it is Russian, or when two runs follow: BS-1234 is a name.
    while len(best) > 1 and is_label(best[0]) and (len(best) > 2 or not best[0].isascii()):
        best.pop(0)
    if best:
        label, rest = strip_label(best[0])
        best[0] = best[0] if label.isascii() else rest
    return [settle(run) for run in best] if most >= 3 else []


class Registry:
    """Poles and stations by row number, in parallel columns; nothing but look-ups."""

    def __init__(self, poles: Iterable[tuple[int, str]], stations: Iterable[tuple[int, str, int]]) -> None:
        self.pole_ids = array("q")
        self.pole_codes: list[str] = []
        self._poles: dict[str, Rows] = {}
        row_of: dict[int, int] = {}
        for pole_id, code in poles:
            key = pole_key(code)
            if not key or pole_id in row_of:
                continue
            row = row_of[pole_id] = len(self.pole_codes)
            self.pole_ids.append(pole_id)
            self.pole_codes.append(code)
            _add(self._poles, code if key == code else key, row)
        self._sorted = sorted(self._poles)
        self._add_stations(stations, row_of)

    def _add_stations(self, stations: Iterable[tuple[int, str, int]], row_of: dict[int, int]) -> None:
        self.station_ids = array("q")
        self.station_names: list[str] = []
        self.station_poles = array("i")
        self._stations: dict[str, Rows] = {}
        for station_id, name, pole_id in stations:
            pole = row_of.get(pole_id)
            if pole is None or not (runs := station_runs(name)):
                continue
            key = unpadded(join_station(runs))
            _add(self._stations, name if key == name else key, len(self.station_names))
            self.station_ids.append(station_id)
            self.station_names.append(name)
            self.station_poles.append(pole)

    def poles(self, key: str) -> tuple[int, ...]:
        """Poles with exactly this key."""
        return _rows(self._poles.get(key))

    def has_poles_under(self, prefix: str) -> bool:
        """Whether a pole code starts with these whole runs."""
        if prefix in self._poles:
            return True
        at = bisect_left(self._sorted, prefix + "-")
        return at < len(self._sorted) and self._sorted[at].startswith(prefix + "-")

    def poles_starting(self, beginning: str) -> tuple[int, ...]:
        """Poles whose key starts with these characters; none when there are too many to name."""
        found: list[int] = []
        for at in range(bisect_left(self._sorted, beginning), len(self._sorted)):
            if not self._sorted[at].startswith(beginning):
                break
            if len(found) >= MAX_POLES_OF_A_PREFIX:
                return ()
            found += _rows(self._poles[self._sorted[at]])
        return tuple(found)

    def has_odd_joint(self, pole: int) -> bool:
        """Whether the registry writes this code with a slash or the like inside."""
        return _ODD_JOINT.search(self.pole_codes[pole]) is not None

    def stations(self, runs: Sequence[str]) -> tuple[tuple[int, ...], bool]:
        """Stations named by these runs, and whether only after adding or dropping leading zeros."""
        key = join_station(runs)
        found = self._stations.get(unpadded(key))
        if found is None:
            return (), False
        rows = _rows(found)
        exact = tuple(row for row in rows if self.station_key(row) == key)
        rows = exact or rows
        if len({self.station_poles[row] for row in rows}) > MAX_POLES_OF_A_NAME:
            return (), False
        return rows, not exact

    def station_key(self, row: int) -> str:
        """The key of a station's name, zeros kept."""
        return join_station(station_runs(self.station_names[row]))
