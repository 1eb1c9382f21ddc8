"""What people type to find a pole or a station: a beginning, in any spelling, even in the wrong keyboard layout."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.db.models import Q

from towers.keys import pole_key, station_key
from towers.models import BaseStation, Pole, PoleQuerySet

# What the keys of a Russian keyboard give when a Latin code was meant.
_RUSSIAN = str.maketrans("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")
_INNER_NUMBER = re.compile(r"(?<=[^0-9])0*([0-9]+)")


def _keys(text: str, key: Callable[[str], str]) -> list[str]:
    """The keys that a typed text may be the beginning of: as it looks, then by the keys that were pressed."""
    pressed = text.casefold().translate(_RUSSIAN)
    return list(dict.fromkeys(filter(None, (key(text), key(pressed)))))


def pole_code_begins(text: str) -> Q:
    """Poles whose code begins as typed; none begins with an empty text."""
    condition = Q(pk__in=[])
    for key in _keys(text, pole_key):
        condition |= Q(code_key__startswith=key)
    return condition


def station_name_begins(text: str, *, whole: bool = False) -> Q:
    """Stations whose name begins as typed, or is what was typed; KI0075 is KI000075 as well."""
    condition = Q(pk__in=[])
    for key in _keys(text, station_key):
        condition |= Q(name_key__regex=f"^{_padded(key)}{'$' if whole else ''}")
    return condition


def _padded(key: str) -> str:
    """The key as a pattern that allows any number of zeros before a number inside it."""
    # The beginning stays as it is, so that the index on name_key can be used.
    return _INNER_NUMBER.sub(lambda number: f"0*{number[1].lstrip('0')}", key)


def poles_starting_with(text: str, limit: int = 10) -> list[Pole]:
    """Standing poles whose code begins so."""
    return list(Pole.objects.standing().filter(pole_code_begins(text)).order_by("code_key", "id")[:limit])


def stations_starting_with(text: str, limit: int = 10) -> list[BaseStation]:
    """Standing stations whose name begins so, with their pole and operators."""
    stations = BaseStation.objects.filter(station_name_begins(text), gone_at=None, pole__gone_at=None)
    return list(stations.select_related("pole").prefetch_related("operators").order_by("name_key", "id")[:limit])


def resolve(text: str) -> tuple[list[Pole], list[BaseStation]]:
    """Poles and stations with exactly this code or name, standing ones first; spelling does not matter."""
    poles = Pole.objects.filter(code_key__in=_keys(text, pole_key)).order_by("-gone_at", "id")
    stations = BaseStation.objects.filter(station_name_begins(text, whole=True)).order_by("-gone_at", "id")
    return list(poles), list(stations.select_related("pole").prefetch_related("operators"))


def listed(*, text: str = "", region: str = "", gone: bool = False) -> PoleQuerySet:
    """The poles of the registry's list, by code: those of a code, or with a station, that begins as typed."""
    poles = Pole.objects.filter(gone_at__isnull=not gone)
    if text:
        carrying = BaseStation.objects.filter(station_name_begins(text), gone_at=None).values("pole_id")
        poles = poles.filter(pole_code_begins(text) | Q(pk__in=carrying))
    if region:
        poles = poles.filter(region_ru=region)
    return poles.order_by("code")


def regions() -> list[str]:
    """Names of the regions that have a pole."""
    names = Pole.objects.exclude(region_ru="").order_by("region_ru").values_list("region_ru", flat=True)
    return list(names.distinct())
