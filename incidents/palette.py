"""What the palette finds: incidents, sites, contractors and people that a typed text may mean.

Asked at every pause of typing, so each question is bounded by an index, and only those are asked that fit the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q

from incidents.models import Incident
from incidents.queries import IncidentQuerySet
from incidents.recognising import Kind, Meaning, phone_digits, recognise
from towers import queries
from towers.models import BaseStation, Contractor, Pole

if TYPE_CHECKING:
    from dispatchers.models import User

LONGEST = 200
SITE_KINDS = {Kind.POLE, Kind.STATION}
# Of each kind; a person reads a few lines, not a page.
INCIDENTS, SITES, COMPANIES, PEOPLE = 5, 5, 4, 4
SHORTEST = 2
# As many codes as one look-up by index takes; see `_codes`.
COMPLETED_DIGITS = 2
RECENT = 6
# Callers stand in no index; a mail loop leaves hundreds open on one pole.
CHANGED_LAST = MOST_OPEN = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A pole, or a station on it, and how many open incidents the pole has."""

    pole: Pole
    station: BaseStation | None = None
    open: int = 0


@dataclass(frozen=True, slots=True)
class Company:
    """A contractor; with the phone by which it was found, if it was by one."""

    contractor: Contractor
    phone: str = ""


@dataclass(slots=True)
class Found:
    """What a text may mean, each kind in its order. `part` is where the form of a new incident takes the text."""

    text: str
    part: str
    incidents: list[Incident] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    people: list[User] = field(default_factory=list)


def find(text: str, *, sees_sites: bool) -> Found:
    """Everything the text may mean; sites and contractors only for who may read the registry."""
    text = " ".join(text.replace("\0", "").split())[:LONGEST]
    meanings = {each.kind: each for each in recognise(text)}
    found = Found(text, _part_of(meanings))
    if phone := meanings.get(Kind.PHONE):
        found.people = _people_with_phone(phone.normal)
        found.incidents = _called_from(phone.normal)
        found.companies = _with_phone(phone.normal) if sees_sites else []
        return found
    if code := meanings.get(Kind.CODE):
        found.incidents = _of_code(code)
    if sees_sites and _may_be_site(meanings):
        found.places, newest = _places(text, meanings)
        there = _rows_of(newest, besides=found.incidents)
        is_site = next(iter(meanings)) in SITE_KINDS
        found.incidents = there + found.incidents if is_site else found.incidents + there
    if set(meanings) == {Kind.WORDS} and len(text) >= SHORTEST:
        found.people = _people_named(text)
        found.companies = _companies_named(text) if sees_sites else []
    return found


def recent(codes: Sequence[str]) -> list[Incident]:
    """The incidents of these codes, in this order; those that are gone are left out."""
    rows = {each.code: each for each in _rows().filter(code__in=codes[:RECENT])}
    return [rows[code] for code in codes[:RECENT] if code in rows]


def mine(person: User, *, besides: Collection[str]) -> list[Incident]:
    """The open incidents of this person that changed last, without those of these codes."""
    # A few more are read instead of asking the database to leave some out: its index knows no codes.
    rows = _rows().open().of(person).order_by("-active_at")[: INCIDENTS + len(besides)]
    return [each for each in rows if each.code not in besides][:INCIDENTS]


def _part_of(meanings: dict[Kind, Meaning]) -> str:
    """A phone or an address is who called, a site is where it is, words are what is wrong."""
    if meanings.keys() & {Kind.PHONE, Kind.EMAIL}:
        return "who"
    return "site" if meanings.keys() & SITE_KINDS else "subject"


def _may_be_site(meanings: dict[Kind, Meaning]) -> bool:
    """A site by its name, or by words of its address."""
    return Kind.WORDS in meanings and not meanings.keys() & {Kind.EMAIL, Kind.DOMAIN}


def _rows() -> IncidentQuerySet:
    return Incident.objects.select_related("status").defer("reading")


def _of_code(meaning: Meaning) -> list[Incident]:
    """The incident of this number, then those that end so, then those that begin so; newest first."""
    number = meaning.normal.rpartition("-")[2]
    newest = Incident.objects.order_by("-pk").values_list("code", flat=True).first()
    codes = list(dict.fromkeys(f"{settings.INCIDENT_PREFIX}-{each}" for each in _numbers(number, newest or "")))
    return sorted(_rows().filter(code__in=codes), key=lambda each: codes.index(each.code))[:INCIDENTS]


def _numbers(typed: str, newest: str) -> Iterable[str]:
    """The numbers a typed one may be part of. Named one by one: of a million codes half begin alike."""
    yield typed
    last = newest.rpartition("-")[2]
    missing = len(last) - len(typed)
    if not (typed.isascii() and typed.isdigit() and last.isdigit()) or missing <= 0:
        return
    if len(typed) >= SHORTEST:
        step = 10 ** len(typed)
        nearest = int(last) - (int(last) - int(typed)) % step
        yield from (str(number) for number in range(nearest, max(nearest - INCIDENTS * step, 0), -step))
    for digits in range(1, min(missing, COMPLETED_DIGITS) + 1):
        yield from (f"{typed}{end:0{digits}}" for end in range(10**digits - 1, -1, -1))


def _places(text: str, meanings: dict[Kind, Meaning]) -> tuple[list[Place], list[int]]:
    """The sites a text may mean, stations first where it surely is one; their open incidents by last change."""
    typed = _typed(meanings, text)
    if len(typed) < SHORTEST:
        return [], []
    poles = [Place(pole) for pole in queries.poles_like(typed, SITES)]
    # Stations have no address: several words are none of their names.
    is_name = meanings.keys() & SITE_KINDS or " " not in typed
    stations = [Place(each.pole, each) for each in queries.stations_like(typed, SITES)] if is_name else []
    sites = (stations + poles if next(iter(meanings)) == Kind.STATION else poles + stations)[: SITES + 1]
    # Read whole and sorted here: told to sort, the database would look through all open incidents for the first five.
    there = Incident.objects.open().filter(pole__in={place.pole.pk for place in sites})
    open_there = list(there.values_list("active_at", "pk", "pole")[:MOST_OPEN]) if sites else []
    counts = Counter(pole for _at, _pk, pole in open_there)
    places = [Place(each.pole, each.station, counts[each.pole.pk]) for each in sites]
    return places, [pk for _at, pk, _pole in sorted(open_there, reverse=True)]


def _typed(meanings: dict[Kind, Meaning], text: str) -> str:
    """The name without the word that says what it is: опора 41960 is 41960."""
    site = meanings.get(Kind.POLE) or meanings.get(Kind.STATION)
    return site.typed if site else text


def _rows_of(pks: Sequence[int], *, besides: Collection[Incident]) -> list[Incident]:
    """The first of these incidents that are not there yet, in this order."""
    known = {each.pk for each in besides}
    wanted = [pk for pk in pks if pk not in known][:INCIDENTS]
    found = _rows().in_bulk(wanted) if wanted else {}
    return [found[pk] for pk in wanted]


def _called_from(digits: str) -> list[Incident]:
    """What somebody with this phone reported, among what changed last: older calls are for the search to find."""
    last = Incident.objects.order_by("-active_at", "-pk").values_list("pk", "requester_name")[:CHANGED_LAST]
    return _rows_of([pk for pk, name in last if digits in re.sub(r"[^0-9]", "", name)], besides=())


def _with_phone(digits: str) -> list[Company]:
    """Contractors who have this phone at some pole."""
    companies: dict[int, Company] = {}
    for pole in queries.poles_with_phone(digits):
        if pole.contractor:
            phone = next((each for each in pole.contractor_phones if digits in phone_digits(each)), "")
            companies.setdefault(pole.contractor.pk, Company(pole.contractor, phone))
    return list(companies.values())[:COMPANIES]


def _people_with_phone(digits: str) -> list[User]:
    people = get_user_model().objects.filter(is_active=True).exclude(phone="")
    return [each for each in people if digits in phone_digits(each.phone)][:PEOPLE]


def _people_named(text: str) -> list[User]:
    """Active people, each word the beginning of a name of theirs."""
    for words in queries.spellings(text):
        named = Q()
        for word in words:
            named &= Q(last_name__istartswith=word) | Q(first_name__istartswith=word) | Q(username__istartswith=word)
        people = get_user_model().objects.assignable().filter(named).order_by("last_name", "first_name", "pk")
        if found := list(people[:PEOPLE]):
            return found
    return []


def _companies_named(text: str) -> list[Company]:
    """Contractors with all the words in their name."""
    for words in queries.spellings(text):
        if not any(len(word) >= queries.SHORTEST_PART for word in words):
            continue
        named = Contractor.objects.all()
        for word in words:
            named = named.filter(name__icontains=word)
        if found := [Company(each) for each in named.order_by("name")[:COMPANIES]]:
            return found
    return []
