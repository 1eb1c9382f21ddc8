"""A pole or a station as somebody typed it over there: the whole, or as much of its beginning as says which it is."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from incidents import sites
from incidents.errors import DomainError
from incidents.models import Incident
from towers import lookup, queries
from towers.matching import Part
from towers.models import BaseStation, Pole

# So many are named where several fit.
NAMED = 3
LOOKED_AT = 50


def in_words(incident: Incident, summary: str, description: str, at: datetime) -> Incident:
    """Find the site in words of an issue, as in those of a letter; what contradicts itself is an error."""
    match = lookup.find([Part("subject", summary), Part("reply", description)])
    return sites.link(incident, match, at=at)


def pole(typed: str) -> Pole:
    """The one pole that is meant; DomainError says what is wrong, and what would be right."""
    found = queries.poles_starting_with(typed, LOOKED_AT)
    whole = [each for each in found if each.code.casefold() == typed.casefold()]
    if len(whole or found) == 1:
        return (whole or found)[0]
    if not found:
        raise DomainError(_("No pole starts with %(text)s. Correct the code.") % {"text": typed})
    raise DomainError(_many(_("%(n)s poles start with %(text)s: %(names)s."), typed, [each.code for each in found]))


def station(typed: str, on: Pole | None) -> BaseStation:
    """The one station that is meant, on this pole if there is one of that name on it."""
    found = queries.stations_starting_with(typed, LOOKED_AT)
    whole = [each for each in found if each.name.casefold() == typed.casefold()] or found
    here = [each for each in whole if on and each.pole_id == on.pk]
    if len(here or whole) == 1:
        return (here or whole)[0]
    if not found:
        raise DomainError(_("No base station starts with %(text)s. Correct the number.") % {"text": typed})
    names = [f"{each.name} ({each.pole.code})" for each in whole]
    raise DomainError(_many(_("%(n)s base stations start with %(text)s: %(names)s."), typed, names))


def _many(words: str, typed: str, names: list[str]) -> str:
    n = f"{len(names)}+" if len(names) >= LOOKED_AT else str(len(names))
    return words % {"n": n, "text": typed, "names": ", ".join(names[:NAMED])}
