"""What the registry knows by the typed text: a pole, a station, whose phone or address it is. Shown above the results,
each with the filter that gives its incidents alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from incidents.recognising import Kind, Meaning, recognise
from towers.models import Contractor, Pole
from towers.queries import poles_starting_with, poles_with_phone, stations_starting_with

MOST = 3
# More begin so than are worth naming.
SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Known:
    """A thing of the registry. `field`, `value`: the chip that narrows the desk to it; `pole`: whose page to open."""

    kind: Kind | str
    name: str
    about: str
    field: str
    value: str
    pole: str = ""


def known(text: str) -> list[Known]:
    """At most three things that the text names; nothing for words."""
    found: list[Known] = []
    for meaning in recognise(text):
        found += _FINDERS[meaning.kind](meaning) if meaning.kind in _FINDERS else []
    return found[:MOST]


def _poles(meaning: Meaning) -> list[Known]:
    if len(meaning.normal) < SHORTEST:
        return []
    poles = poles_starting_with(meaning.typed, MOST)
    return [Known(Kind.POLE, each.code, each.region_ru, "pole", each.code, each.code) for each in poles]


def _stations(meaning: Meaning) -> list[Known]:
    if len(meaning.normal) < SHORTEST:
        return []
    stations = stations_starting_with(meaning.typed, MOST)
    return [Known(Kind.STATION, each.name, each.pole.code, "station", each.name, each.pole.code) for each in stations]


def _by_phone(meaning: Meaning) -> list[Known]:
    """Contractors with this phone, however it is written in the registry."""
    found = {pole.contractor for pole in poles_with_phone(meaning.normal) if pole.contractor}
    return [_contractor(each) for each in sorted(found, key=lambda each: each.name)]


def _by_email(meaning: Meaning) -> list[Known]:
    return _contractors(
        Q(contractor_emails__contains=[meaning.typed]) | Q(contractor_emails__contains=[meaning.normal])
    )


def _contractors(poles: Q) -> list[Known]:
    ids = Pole.objects.filter(poles).exclude(contractor=None).order_by().values("contractor_id").distinct()
    rows = Contractor.objects.filter(pk__in=ids).order_by("name")[:MOST]
    return [_contractor(each) for each in rows]


def _contractor(contractor: Contractor) -> Known:
    return Known("contractor", contractor.name, "", "contractor", str(contractor.pk))


_FINDERS = {
    Kind.POLE: _poles,
    Kind.STATION: _stations,
    Kind.PHONE: _by_phone,
    Kind.EMAIL: _by_email,
}
