"""What people type to find a pole or a station: a beginning, in any spelling, even in the wrong keyboard layout."""

from __future__ import annotations

from django.db.models import Q

from towers.matching.spelling import pole_key as search_key
from towers.models import BaseStation, Pole

# What the keys of a Russian keyboard give when a Latin code was meant.
_RUSSIAN = str.maketrans("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")


def keys_of(text: str) -> list[str]:
    """The keys that a typed text may be the beginning of: as it looks, then by the keys that were pressed."""
    return list(dict.fromkeys(filter(None, (search_key(text), search_key(text.lower().translate(_RUSSIAN))))))


def beginning(field: str, text: str) -> Q:
    """The condition that a key in `field` begins as typed; nothing begins with an empty text."""
    condition = Q(pk__in=[])
    for key in keys_of(text):
        condition |= Q(**{f"{field}__startswith": key})
    return condition


def poles_starting_with(text: str, limit: int = 10) -> list[Pole]:
    """Standing poles whose code begins so."""
    return list(Pole.objects.standing().filter(beginning("code_key", text)).order_by("code_key", "id")[:limit])


def stations_starting_with(text: str, limit: int = 10) -> list[BaseStation]:
    """Standing stations whose name begins so, with their pole and operators."""
    stations = BaseStation.objects.filter(beginning("name_key", text), gone_at=None, pole__gone_at=None)
    return list(stations.select_related("pole").prefetch_related("operators").order_by("name_key", "id")[:limit])


def resolve(text: str) -> tuple[list[Pole], list[BaseStation]]:
    """Poles and stations with exactly this code or name, standing ones first; spelling does not matter."""
    keys = keys_of(text)
    poles = Pole.objects.filter(code_key__in=keys).order_by("-gone_at", "id")
    stations = BaseStation.objects.filter(name_key__in=keys).select_related("pole").prefetch_related("operators")
    return list(poles), list(stations.order_by("-gone_at", "id"))
