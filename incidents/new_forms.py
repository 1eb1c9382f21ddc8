"""What a dispatcher types while somebody speaks on the phone, turned into valid values. Nothing here is saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import IncidentType
from incidents.similar import Matter
from towers import queries
from towers.models import BaseStation, Pole

OFFERED = 8
LONGEST_SITE = 200
_EMAIL = re.compile(r"[^\s<>,;:\"']+@[^\s<>,;:\"']+\.[^\s<>,;:\"']+")


@dataclass(frozen=True, slots=True)
class Site:
    """A pole, or a base station on its pole."""

    pole: Pole
    station: BaseStation | None = None

    @property
    def text(self) -> str:
        """What stands in the field once it is chosen; `find_sites` understands it."""
        return f"{self.station.name}, {self.pole.code}" if self.station else self.pole.code


def find_sites(typed: str, limit: int = OFFERED) -> list[Site]:
    """Sites a text means: a whole code or name if there is one, else what begins so, else what has it inside, else
    what has the words in its address. “station, pole” names one.
    """
    return next(filter(None, _tiers(typed, limit)), [])[:limit]


def offer_sites(typed: str, limit: int = OFFERED) -> list[Site]:
    """Sites for whoever is still typing: the same tiers one after the other, the surest first."""
    found: dict[Site, None] = {}
    for tier in _tiers(typed, limit):
        found |= dict.fromkeys(tier)
        if len(found) >= limit:
            break
    return list(found)[:limit]


def _tiers(typed: str, limit: int) -> Iterator[list[Site]]:
    typed = typed.replace("\0", "")
    name, _comma, code = (part.strip() for part in typed.partition(","))
    if not name:
        return
    poles, stations = queries.resolve(name)
    whole = [Site(pole) for pole in poles if pole.gone_at is None]
    whole += [Site(each.pole, each) for each in stations if each.gone_at is None and each.pole.gone_at is None]
    if code:
        whole = [site for site in whole if site.pole.code.casefold() == code.casefold()]
    yield whole
    # A comma may also stand in an address.
    text = typed if code else name
    tiers = zip_longest(queries.pole_tiers(text, limit), queries.station_tiers(text, limit), fillvalue=())
    for more_poles, more_stations in tiers:
        yield [Site(pole) for pole in more_poles] + [Site(each.pole, each) for each in more_stations]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, as far as the typed words say."""

    name: str = ""
    email: str = ""

    @classmethod
    def read(cls, typed: str) -> Caller:
        """The e-mail address among the words, and the rest of them."""
        found = _EMAIL.search(typed)
        if not found:
            return cls(name=" ".join(typed.split()))
        around = (typed[: found.start()], typed[found.end() :])
        rest = (" ".join(part.split()).strip(" <>,;:\"'") for part in around)
        return cls(name=", ".join(filter(None, rest)), email=found[0])


class NewIncidentForm(forms.Form):
    """Three fields that matter, and the type if it is known already."""

    who = forms.CharField(required=False, max_length=300)
    subject = forms.CharField(max_length=500, error_messages={"required": gettext_lazy("Say what is wrong.")})
    site = forms.CharField(required=False, max_length=LONGEST_SITE)
    type = forms.ModelChoiceField(
        IncidentType.objects.filter(is_active=True),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("There is no such type.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Offered as buttons where the typed text means several.
        self.sites: list[Site] = []

    @property
    def typed_type(self) -> str:
        """The chosen type, as the list of types compares it."""
        return str(self["type"].value() or "")

    def clean_who(self) -> Caller:
        return Caller.read(self.cleaned_data["who"])

    def clean_site(self) -> Site | None:
        typed: str = self.cleaned_data["site"]
        if not typed:
            return None
        found = find_sites(typed, OFFERED + 1)
        if len(found) == 1:
            return found[0]
        self.sites = found[:OFFERED]
        if found:
            raise ValidationError(_("Several sites fit “%(typed)s”. Choose one.") % {"typed": typed})
        said = _("Nothing in the registry fits “%(typed)s”. Correct it, or leave it empty: the site can follow.")
        raise ValidationError(said % {"typed": typed})

    def matter(self) -> Matter:
        """What is typed so far, to be compared with what is there; call it after validation, whatever came of it."""
        data = self.cleaned_data
        caller = data.get("who") or Caller()
        site = data.get("site")
        return Matter(
            subject=data.get("subject") or "",
            email=caller.email,
            name=caller.name,
            pole=site.pole if site else None,
            station=site.station if site else None,
        )
