"""Time zones to choose from: Russia's first, each by the city that gives it its name and the hours from Moscow."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# From west to east, with the hours ahead of Moscow. None of them has changed its clocks since 2020.
RUSSIAN = {
    "Europe/Kaliningrad": (gettext_lazy("Kaliningrad"), -1),
    "Europe/Moscow": (gettext_lazy("Moscow"), 0),
    "Europe/Samara": (gettext_lazy("Samara"), 1),
    "Asia/Yekaterinburg": (gettext_lazy("Yekaterinburg"), 2),
    "Asia/Omsk": (gettext_lazy("Omsk"), 3),
    "Asia/Krasnoyarsk": (gettext_lazy("Krasnoyarsk, Novosibirsk"), 4),
    "Asia/Irkutsk": (gettext_lazy("Irkutsk"), 5),
    "Asia/Yakutsk": (gettext_lazy("Yakutsk, Chita"), 6),
    "Asia/Vladivostok": (gettext_lazy("Vladivostok"), 7),
    "Asia/Magadan": (gettext_lazy("Magadan, Yuzhno-Sakhalinsk"), 8),
    "Asia/Kamchatka": (gettext_lazy("Petropavlovsk-Kamchatsky"), 9),
}
# Old names of zones, offsets without a place, and the system's own.
NO_PLACES = {"Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico"}


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """For a field: Russia's zones, then all others by name."""
    return [
        (_("Russia"), [(zone, words(zone)) for zone in RUSSIAN]),
        (_("Other zones"), [(zone, zone) for zone in _others()]),
    ]


def words(zone: str) -> str:
    """“Omsk, Moscow +3”; other zones by their own name."""
    if zone not in RUSSIAN:
        return zone.replace("_", " ")
    city, ahead = RUSSIAN[zone]
    if not ahead:
        return str(city)
    return _("%(city)s, Moscow %(ahead)s") % {"city": city, "ahead": f"{ahead:+d}".replace("-", "−")}


@lru_cache(maxsize=1)
def _others() -> list[str]:
    named = {zone for zone in available_timezones() if "/" in zone and zone.split("/")[0] not in NO_PLACES}
    return sorted(named - set(RUSSIAN))
