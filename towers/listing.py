"""The registry's list: poles by code, narrowed in every way by an index, a page after a code at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from towers.models import BaseStation, Pole, PoleQuerySet
from towers.queries import pole_code_begins, station_name_begins

SIZE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed by; an empty field says nothing."""

    text: str = ""
    region: str = ""
    contractor: int | None = None
    gone: bool = False

    @property
    def is_plain(self) -> bool:
        return self == Asked()


@dataclass(frozen=True, slots=True)
class Page:
    """Poles, and the code after which the next page begins; empty at the end."""

    poles: list[Pole]
    next: str = ""


def parts(asked: Asked) -> list[PoleQuerySet]:
    """The poles asked for; a text means a pole or a station, and each way has an index of its own."""
    poles = Pole.objects.filter(gone_at__isnull=not asked.gone)
    if asked.region:
        poles = poles.filter(region_ru=asked.region)
    if asked.contractor is not None:
        poles = poles.filter(contractor=asked.contractor)
    if not asked.text:
        return [poles]
    carrying = BaseStation.objects.filter(station_name_begins(asked.text), gone_at=None)
    return [poles.filter(way) for way in (pole_code_begins(asked.text), Q(pk__in=carrying.values("pole_id")))]


def page(found: Sequence[PoleQuerySet], *, after: str = "", size: int = SIZE) -> Page:
    """The poles after this code, with what their rows show, in a number of queries that depends on nothing."""
    beyond = [(part.filter(code__gt=after) if after else part).order_by("code") for part in found]
    if len(beyond) > 1:
        codes = {code for part in beyond for code in part.values_list("code", flat=True)[: size + 1]}
        beyond = [Pole.objects.filter(code__in=codes).order_by("code")]
    poles = list(beyond[0].select_related("contractor").prefetch_related(_standing_stations())[: size + 1])
    return Page(poles[:size], poles[size - 1].code if len(poles) > size else "")


def _standing_stations() -> Prefetch[str]:
    stations = BaseStation.objects.filter(gone_at=None).order_by("name").prefetch_related("operators")
    return Prefetch("base_stations", queryset=stations)
