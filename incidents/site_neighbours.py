"""The poles around a pole with their open incidents: what fails together often has one cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from incidents import clocks
from incidents.clocks import ClockState
from incidents.models import Incident
from towers import map as maps
from towers import places
from towers.map import Drawing, Spot
from towers.models import Pole
from towers.places import Neighbour

MOST = 30
# Of open incidents on all of them together.
INCIDENTS = 100
QUIET_SHOWN = 8
# Worst last. Each has a colour and a shape of its own on the map.
LOOKS = ("", "open", "risk", "over")
_LOOK_OF = {ClockState.RISK: "risk", ClockState.OVERDUE: "over"}


@dataclass(frozen=True, slots=True)
class Near:
    """A neighbour, its open incidents, and the worst of their states; an empty one is quiet."""

    neighbour: Neighbour
    incidents: tuple[Incident, ...]
    look: str

    @property
    def pole(self) -> Pole:
        return self.neighbour.pole

    @property
    def distance(self) -> str:
        return distance(self.neighbour.km)

    @property
    def direction(self) -> str:
        return direction(self.neighbour.bearing)


def look_of(incidents: Sequence[Incident], now: datetime) -> str:
    """The worst state among open incidents; empty where there are none."""
    looks = [_LOOK_OF.get(clocks.incident_clock(each, now).state, "open") for each in incidents if each.is_open]
    return max(looks, key=LOOKS.index, default="")


def load(pole: Pole, now: datetime, *, most: int = MOST) -> list[Near]:
    """The nearest poles within NEIGHBOUR_KM, those with open incidents first, each part by distance; two queries."""
    found = places.around(pole, settings.NEIGHBOUR_KM, most)
    by_pole: dict[int | None, list[Incident]] = {each.pole.pk: [] for each in found}
    rows = Incident.objects.open().filter(pole__in=list(by_pole)).select_related("status").defer("reading")
    for incident in rows.order_by("-opened_at", "-id")[:INCIDENTS] if found else ():
        by_pole[incident.pole_id].append(incident)
    near = [Near(each, tuple(by_pole[each.pole.pk]), look_of(by_pole[each.pole.pk], now)) for each in found]
    return sorted(near, key=lambda each: not each.look)


def drawn(pole: Pole, look: str, near: Sequence[Near], *, width: int, height: int, linked: bool) -> Drawing | None:
    """The map of a pole in the state of `look`, None where its place is not known.

    `linked`: quiet neighbours lead to their pages too.
    """
    here = places.place_of(pole)
    if here is None:
        return None
    return maps.draw(
        here,
        [_spot(each, linked) for each in near],
        label=pole.code,
        look=look,
        usual_km=settings.NEIGHBOUR_KM,
        width=width,
        height=height,
        tiles=settings.MAP_TILES,
    )


def _spot(near: Near, linked: bool) -> Spot:
    place = places.place_of(near.pole)
    assert place is not None  # it was found by its place
    open_ones = ngettext("%(n)d open incident", "%(n)d open incidents", len(near.incidents)) % {
        "n": len(near.incidents)
    }
    said = open_ones if near.incidents else _("no open incidents")
    return Spot(
        place=place,
        label=near.pole.code,
        title=f"{near.pole.code}, {near.distance} {near.direction}: {said}",
        look=near.look,
        href=reverse("towers:pole", args=[near.pole.code]) if linked or near.look else "",
    )


def distance(km: float) -> str:
    """“450 m”, “1.8 km”, “12 km”; two poles on one spot are 0 m apart."""
    if km < 0.995:
        return pgettext("distance", "%(n)d m") % {"n": round(km * 100) * 10}
    said = round(km, 1) if km < 9.95 and round(km, 1) % 1 else round(km)
    return pgettext("distance", "%(n)s km") % {"n": formats.localize(said)}


def direction(bearing: float) -> str:
    """One of eight winds."""
    winds = (
        pgettext("wind", "N"),
        pgettext("wind", "NE"),
        pgettext("wind", "E"),
        pgettext("wind", "SE"),
        pgettext("wind", "S"),
        pgettext("wind", "SW"),
        pgettext("wind", "W"),
        pgettext("wind", "NW"),
    )
    return winds[round(bearing / 45) % 8]
