"""Where poles stand to each other: distance, direction, and the poles around a place. Plain geometry of a sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F, Q, Value
from django.db.models.functions import Cos, Radians, Sin

from towers.models import Pole, PoleQuerySet

EARTH_KM = 6371.0
KM_PER_DEGREE = math.pi * EARTH_KM / 180


class Place(NamedTuple):
    """A point of the earth in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A pole near another one: how far, and in which direction, in degrees from the north clockwise."""

    pole: Pole
    km: float
    bearing: float


def place_of(pole: Pole) -> Place | None:
    """Where the pole stands, or None where the registry does not know it, or says what is no place."""
    if pole.latitude is None or pole.longitude is None:
        return None
    if abs(pole.latitude) > 90 or abs(pole.longitude) > 180:
        return None
    return Place(pole.latitude, pole.longitude)


def kilometres(one: Place, other: Place) -> float:
    """The distance along the ground."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(across / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def bearing(start: Place, goal: Place) -> float:
    """The direction in which one leaves for the goal: 0 is north, 90 east."""
    lat1, lat2 = math.radians(start.latitude), math.radians(goal.latitude)
    across = math.radians(goal.longitude - start.longitude)
    east = math.sin(across) * math.cos(lat2)
    north = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(across)
    return math.degrees(math.atan2(east, north)) % 360


def inside(place: Place, km: float) -> Q:
    """Poles in the box that holds every place at most so far away, asked so that an index answers."""
    up = km / KM_PER_DEGREE
    south, north = place.latitude - up, place.latitude + up
    band = Q(latitude__range=(south, north))
    if north >= 90 or south <= -90:
        return band  # the box goes round the pole of the earth
    # The widest where the circle touches a meridian, which is a little nearer to the pole of the earth.
    aside = math.degrees(math.asin(min(1.0, math.sin(math.radians(up)) / math.cos(math.radians(place.latitude)))))
    west, east = place.longitude - aside, place.longitude + aside
    if west < -180:
        return band & (Q(longitude__gte=west + 360) | Q(longitude__lte=east))
    if east > 180:
        return band & (Q(longitude__gte=west) | Q(longitude__lte=east - 360))
    return band & Q(longitude__range=(west, east))


def _nearest_first(poles: PoleQuerySet, place: Place) -> PoleQuerySet:
    """By the cosine of the angle between the two places, which grows as they come nearer."""
    lat, lon = math.radians(place.latitude), math.radians(place.longitude)
    there = Radians(F("latitude"))
    nearness = Value(math.sin(lat)) * Sin(there) + Value(math.cos(lat)) * Cos(there) * Cos(
        Radians(F("longitude")) - Value(lon)
    )
    return poles.order_by(nearness.desc(), "id")


def around(pole: Pole, km: float, most: int) -> list[Neighbour]:
    """The nearest standing poles at most so far away, the nearest first; none where the pole's place is not known."""
    here = place_of(pole)
    if here is None:
        return []
    found = _nearest_first(Pole.objects.standing().filter(inside(here, km)).exclude(pk=pole.pk), here)
    near = [(other, Place(other.latitude or 0.0, other.longitude or 0.0)) for other in found[:most]]
    measured = [Neighbour(other, kilometres(here, there), bearing(here, there)) for other, there in near]
    return [each for each in measured if each.km <= km]
