"""Incidents that may be the same matter, each with its reasons: shown to a person, who decides.

Asked on every card and at every pause of typing, so it is three queries, each bounded by an index: what happened on
the pole or opened near it in the last hours, what the same person reported among what changed last, and their rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _

from incidents.models import Incident
from incidents.queries import IncidentQuerySet
from mailbox.parsing import strip_prefixes
from towers import places
from towers.models import BaseStation, Pole

SHOWN = 5
# Closed longer ago, it is history and no duplicate.
STILL_FRESH = timedelta(days=7)
TOGETHER = timedelta(hours=1)
# Of each list; more of them on one site is a mail loop.
CANDIDATES = 20
# A person is sought among what changed last: no index knows him.
CHANGED_LAST = 500

# Points of a hundred.
STATION, POLE, NEAREST, SENDER, WORDS, AT_ONCE = 55, 40, 35, 15, 20, 10
ENOUGH_WORDS = 0.5
CLOSED_COUNTS = 0.6

_WORD = re.compile(r"[^\W\d_]{3,}")
_PHONE = re.compile(r"(?:\d[\s()\-]*){10,}")
# Endings change with the case; beginnings of this length tell words of the desk apart.
_STEM = 5


@dataclass(frozen=True, slots=True)
class Matter:
    """What is compared: an incident, or one that is just being typed."""

    subject: str = ""
    email: str = ""
    name: str = ""
    pole: Pole | None = None
    station: BaseStation | None = None
    opened_at: datetime | None = None
    pk: int = 0

    @classmethod
    def of(cls, incident: Incident) -> Matter:
        return cls(
            subject=incident.subject,
            email=incident.requester_email,
            name=incident.requester_name,
            pole=incident.pole,
            station=incident.base_station,
            opened_at=incident.opened_at,
            pk=incident.pk,
        )


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident that may be the same, why, and how sure that is, of a hundred."""

    incident: Incident
    score: int
    reasons: tuple[str, ...]


def find(matter: Matter, now: datetime, *, besides: Collection[int] = ()) -> list[Similar]:
    """The most similar incidents, the surest first; `besides` are known already."""
    keys = _candidates(matter, now) - {matter.pk, *besides}
    candidates = Incident.objects.select_related("status", "pole", "assignee").defer("reading").in_bulk(keys)
    compared = [compare(matter, each, now) for each in candidates.values()]
    similar = [each for each in compared if each]
    return sorted(similar, key=lambda each: (-each.score, -each.incident.pk))[:SHOWN]


def compare(matter: Matter, other: Incident, now: datetime) -> Similar | None:
    """What the two have in common, or None where it is too little: a place, or a person with the same words."""
    place = _place(matter, other)
    is_same_person = _is_same_person(matter, other.requester_email, other.requester_name)
    shared = likeness(matter.subject, other.subject)
    if not place and not (is_same_person and shared >= ENOUGH_WORDS):
        return None
    found = [place] if place else []
    if is_same_person:
        found.append((SENDER, _("same requester")))
    if shared >= ENOUGH_WORDS:
        found.append((round(WORDS * shared), _("same words")))
    if abs(other.opened_at - (matter.opened_at or now)) <= TOGETHER:
        found.append((AT_ONCE, _("within an hour")))
    score = sum(points for points, _reason in found)
    if not other.is_open:
        score = round(score * CLOSED_COUNTS)
    return Similar(other, min(score, 100), tuple(reason for _points, reason in found))


def likeness(one: str, other: str) -> float:
    """The share of words that two subjects have in common, 0 to 1; words of any case are one word."""
    here, there = _stems(one), _stems(other)
    return len(here & there) / len(here | there) if here and there else 0.0


def kilometres(one: Pole, other: Pole) -> float | None:
    """The distance between two poles, or None where a place is not known."""
    here, there = places.place_of(one), places.place_of(other)
    return places.kilometres(here, there) if here and there else None


def _candidates(matter: Matter, now: datetime) -> set[int]:
    """Their keys: the rows are read once, since each join costs the planner as much as the whole answer."""
    keys = set(_of_same_person(matter, now)) if matter.email or matter.name else set()
    if matter.pole:
        here = _fresh(now).filter(pole=matter.pole).order_by("-opened_at")[:CANDIDATES]
        near = _near(matter.pole, now)
        keys |= set(here.values_list("pk", flat=True).union(near.values_list("pk", flat=True)))
    return keys


def _fresh(now: datetime) -> IncidentQuerySet:
    is_fresh = Q(closed_at=None) | Q(closed_at__gte=now - STILL_FRESH)
    return Incident.objects.filter(is_fresh, merged_into=None)


def _near(pole: Pole, now: datetime) -> IncidentQuerySet:
    """Open incidents of the last hours in the square around the pole; the exact distance is measured afterwards."""
    if pole.latitude is None or pole.longitude is None:
        return Incident.objects.none()
    up = settings.NEIGHBOUR_KM / places.KM_PER_DEGREE
    aside = up / max(math.cos(math.radians(pole.latitude)), 0.01)
    rows = (
        _fresh(now)
        .open()
        .exclude(pole=pole)
        .filter(
            opened_at__gte=now - timedelta(hours=settings.NEIGHBOUR_HOURS),
            pole__latitude__range=(pole.latitude - up, pole.latitude + up),
            pole__longitude__range=(pole.longitude - aside, pole.longitude + aside),
        )
    )
    return rows.order_by("-opened_at", "-pk")[:CANDIDATES]


def _of_same_person(matter: Matter, now: datetime) -> list[int]:
    """Read, not joined: given a condition on the person the planner would read every incident there is."""
    rows = Incident.objects.order_by("-active_at", "-pk")
    last = rows.values_list("pk", "requester_email", "requester_name", "closed_at", "merged_into")[:CHANGED_LAST]
    found = [
        pk
        for pk, email, name, closed_at, merged_into in last
        if not merged_into
        and (closed_at is None or closed_at >= now - STILL_FRESH)
        and _is_same_person(matter, email, name)
    ]
    return found[:CANDIDATES]


def _is_same_person(matter: Matter, email: str, name: str) -> bool:
    """The same address, the same phone, or the same words where there is neither."""
    if matter.email and email:
        return matter.email.casefold() == email.casefold()
    if phones := _phones(matter.name):
        return not phones.isdisjoint(_phones(name))
    return bool(matter.name) and matter.name.casefold() == name.casefold()


def _phones(text: str) -> frozenset[str]:
    """Phone numbers by their last ten digits: +7 912 …, 8 (912) … and 912… are one."""
    return frozenset(re.sub(r"\D", "", found)[-10:] for found in _PHONE.findall(text))


def _place(matter: Matter, other: Incident) -> tuple[int, str] | None:
    if matter.pole is None or other.pole is None:
        return None
    if matter.pole.pk == other.pole.pk:
        if matter.station and matter.station.pk == other.base_station_id:
            return STATION, _("same base station")
        return POLE, _("same pole")
    away = kilometres(matter.pole, other.pole)
    if away is None or away > settings.NEIGHBOUR_KM:
        return None
    points = round(NEAREST * (1 - away / (2 * settings.NEIGHBOUR_KM)))
    return points, _("%(km)s km away") % {"km": formats.localize(round(away, 1) if away < 10 else round(away))}


def _stems(subject: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(strip_prefixes(subject).casefold()))
