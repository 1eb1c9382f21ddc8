"""Chronic sites: poles where incidents repeat. An incident merged into another one is not a repeat of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.models import Incident
from incidents.queries import IncidentQuerySet

MONTH, QUARTER = timedelta(days=30), timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many incidents a pole has had in the last 30 and 90 days."""

    month: int = 0
    quarter: int = 0

    @property
    def is_chronic(self) -> bool:
        return self.is_of_month or self.quarter >= settings.CHRONIC_REPEATS_QUARTER

    @property
    def is_of_month(self) -> bool:
        return self.month >= settings.CHRONIC_REPEATS_MONTH

    @property
    def number(self) -> int:
        """The count that makes the site chronic."""
        return self.month if self.is_of_month else self.quarter

    @property
    def words(self) -> str:
        """“3 incidents in 30 days”."""
        days = MONTH.days if self.is_of_month else QUARTER.days
        said = ngettext("%(n)d incident in %(days)d days", "%(n)d incidents in %(days)d days", self.number)
        return said % {"n": self.number, "days": days}

    @property
    def title(self) -> str:
        """The whole of it, for the mark."""
        return _("Chronic site: %(what)s") % {"what": self.words}


def count(moments: Iterable[datetime], now: datetime) -> Repeats:
    """The repeats among these moments of opening."""
    ages = [now - moment for moment in moments]
    return Repeats(sum(age <= MONTH for age in ages), sum(age <= QUARTER for age in ages))


def of_poles(poles: Collection[int], now: datetime) -> dict[int, Repeats]:
    """The repeats of each of these poles, in one query; those without any are left out."""
    if not poles:
        return {}
    counted = _counted(Incident.objects.filter(pole__in=poles), now)
    return {pole: Repeats(month, quarter) for pole, month, quarter in counted}


def of_pole(pole: int | None, now: datetime) -> Repeats:
    """The repeats of one pole, or of none."""
    return of_poles([pole], now).get(pole, Repeats()) if pole is not None else Repeats()


def poles(now: datetime) -> list[int]:
    """The ids of the poles that are chronic: a part of a hundred of them all, so that a list of them is short."""
    often = Q(month__gte=settings.CHRONIC_REPEATS_MONTH) | Q(quarter__gte=settings.CHRONIC_REPEATS_QUARTER)
    counted = _counted(Incident.objects.exclude(pole=None), now).filter(often)
    return list(counted.values_list("pole", flat=True))


def _counted(incidents: IncidentQuerySet, now: datetime) -> QuerySet[Any, Any]:
    """(pole, month, quarter) of these incidents."""
    recent = incidents.filter(opened_at__gte=now - QUARTER, merged_into=None).order_by().values("pole")
    month = Count("id", filter=Q(opened_at__gte=now - MONTH))
    return recent.annotate(month=month, quarter=Count("id")).values_list("pole", "month", "quarter")
