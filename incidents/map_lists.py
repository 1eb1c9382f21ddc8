"""The list beside the map: the incidents of a point, of a region, or those without a place on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import QueryDict
from django.utils.functional import Promise

from incidents.fields import NOBODY
from incidents.map_points import Row
from incidents.map_poles import NO_POLE, WRONG, wrong_place
from towers.models import Pole

if TYPE_CHECKING:
    from incidents.models import Incident

# Poles that stand on one spot, or so near that no zoom tells them apart.
MOST_POLES = 100
MOST_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Where:
    """Which incidents are listed: at these poles, in this region (empty: in none), or nowhere on the map."""

    poles: tuple[int, ...] = ()
    region: str | None = None
    is_nowhere: bool = False

    @classmethod
    def read(cls, address: QueryDict) -> Where | None:
        """What an address asks for; None: the list of regions."""
        words = [word for word in address.get("at", "").split(",") if word.isascii() and word.isdigit()]
        poles = tuple(int(word) for word in words[:MOST_POLES] if len(word) < MOST_DIGITS)
        if poles:
            return cls(poles=poles)
        if "within" in address:
            return cls(region=" ".join(address.get("within", "").replace("\0", "").split()))
        return cls(is_nowhere=True) if "nowhere" in address else None

    @property
    def address(self) -> dict[str, str]:
        """As an address says it."""
        if self.poles:
            return {"at": ",".join(map(str, self.poles))}
        return {"nowhere": "1"} if self.is_nowhere else {"within": self.region or ""}

    def on_the_desk(self, kept: QueryDict, sites: Iterable[Pole]) -> str:
        """The query of the desk's list with the same incidents, where many are worked at once; empty for none."""
        if self.is_nowhere:
            return ""
        asked = kept.copy()
        asked.pop("hide", None)
        if self.poles:
            asked.setlist("site", [site.code for site in sites])
        else:
            asked["region"] = self.region or NOBODY
        return "?" + asked.urlencode()

    @property
    def sites(self) -> list[Pole]:
        """The poles by code; none for a region."""
        return list(Pole.objects.filter(pk__in=self.poles).order_by("code")) if self.poles else []

    def asks(self, rows: Iterable[Row]) -> Q:
        """`rows`: all that the map shows, which is asked only for those without a place."""
        if self.poles:
            return Q(pole__in=self.poles)
        if self.is_nowhere:
            return Q(pole=None) | Q(pole__in={row.spot.pk for row in rows if row.spot and row.why})
        return Q(pole__region_ru=self.region) if self.region else Q(pole=None) | Q(pole__region_ru="")


def what_is_wrong(incident: Incident) -> str | Promise:
    """Why it has no place on the map, in words; empty where it has one."""
    pole = incident.pole
    said = wrong_place(pole.latitude, pole.longitude, pole.region_ru) if pole else NO_POLE
    return WRONG[said] if said else ""
