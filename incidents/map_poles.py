"""The poles as the map needs them, kept in this process: joined to thousands of incidents they cost more than these.

Only a synchronisation writes poles, so what is kept holds until a run has ended or a pole was added.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents.map_regions import Box, boxes, outline_of
from towers.models import Pole

# All that can be the country's, Chukotka's longitudes going on beyond the 180th meridian.
COUNTRY = Box(19, 41, 191, 82.5)
# Degrees by which a pole may stand outside of its region's box: borders are simplified, regions are written loosely.
MARGIN = 4
# What is wrong with a place, in the words of the list.
NO_POLE, NO_PLACE, NOUGHT, ABROAD, FAR = "no_pole", "no_place", "nought", "abroad", "far"
WRONG: dict[str, str | Promise] = {
    NO_POLE: pgettext_lazy("place of an incident", "without a site"),
    NO_PLACE: pgettext_lazy("place of an incident", "the pole has no coordinates"),
    NOUGHT: pgettext_lazy("place of an incident", "the pole's coordinates are 0, 0"),
    ABROAD: pgettext_lazy("place of an incident", "the pole's coordinates are outside of the country"),
    FAR: pgettext_lazy("place of an incident", "the pole's coordinates are far from its region"),
}
_STAMP = """
SELECT (SELECT max(id) FROM towers_syncrun WHERE finished_at IS NOT NULL), (SELECT max(id) FROM towers_pole)
"""

Stamp = tuple[int | None, ...]


class Spot(NamedTuple):
    """Where a pole stands. `why`: what is wrong with the place; empty where it can be put on the map."""

    pk: int
    code: str
    latitude: float | None
    longitude: float | None
    region: str
    why: str


def wrong_place(latitude: float | None, longitude: float | None, region: str) -> str:
    if latitude is None or longitude is None:
        return NO_PLACE
    if latitude == 0 and longitude == 0:
        return NOUGHT
    if not COUNTRY.holds(latitude, longitude, margin=0):
        return ABROAD
    box = boxes().get(outline_of(region))
    return FAR if box and not box.holds(latitude, longitude, margin=MARGIN) else ""


_lock = threading.Lock()
_kept: tuple[Stamp, dict[int, Spot]] | None = None


def spots() -> Mapping[int, Spot]:
    """Every pole by its id, those that are gone too: incidents still stand at them."""
    global _kept
    with _lock:
        stamp = _stamp()
        if _kept is None or _kept[0] != stamp:
            _kept = stamp, _read()
        return _kept[1]


def forget() -> None:
    """Read the poles anew at the next question."""
    global _kept
    with _lock:
        _kept = None


def _stamp() -> Stamp:
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        return tuple(cursor.fetchone() or ())


def _read() -> dict[int, Spot]:
    rows = Pole.objects.order_by().values_list("id", "code", "latitude", "longitude", "region_ru")
    found = {
        pk: Spot(pk, code, latitude, longitude, region, wrong_place(latitude, longitude, region))
        for pk, code, latitude, longitude, region in rows.iterator(10_000)
    }
    # They are in no cycles and stay for long: walking over all of them cost every fourth page 80 ms.
    gc.freeze()
    return found
