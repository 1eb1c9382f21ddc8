"""Who watches an incident, and what others did there since: nothing is written when something happens.

A watch remembers the newest event its person has seen, so news are the later events of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery, Value, Window
from django.db.models.functions import Greatest, RowNumber

from incidents import events, meanwhile, services
from incidents.models import Incident, IncidentEvent, Watch
from incidents.occurrences import STEPS

if TYPE_CHECKING:
    from dispatchers.models import User

# What a watcher wants to know: what is said, and what is decided.
NEWS = frozenset({"letter", "power_back", "comment", "assigned", "promise_missed", "merged", "merged_in"}) | STEPS
# Incidents with news on the page and in a message; lines of one of them.
MOST, MOST_LINES = 100, 5
_MENTION = re.compile(r"(?<![\w@.])@([\w.+-]*\w)")


@dataclass(frozen=True, slots=True)
class News:
    """A watched incident with what others did there, the newest first, each in a sentence."""

    incident: Incident
    newest: IncidentEvent
    lines: Sequence[str]
    # Beside the lines.
    more: int


@transaction.atomic
def watch(incident: Incident, *, on: bool, by: User, at: datetime) -> None:
    """Begin or cease to follow an incident; nothing of the incident itself changes."""
    incident = services.workable(incident)
    if on:
        changed = Watch.objects.get_or_create(incident=incident, person=by, defaults={"seen": _newest(incident)})[1]
    else:
        changed = bool(Watch.objects.filter(incident=incident, person=by).delete()[0])
    if changed:
        events.record(incident, "watched" if on else "unwatched", actor=by, at=at, person=by.pk)


@transaction.atomic
def call(incident: Incident, text: str, *, by: User, at: datetime) -> list[User]:
    """Whom the note just written names by @login or @surname follows the incident from now on, this note first."""
    named = [person for person in mentioned(text) if person != by]
    if not named:
        return []
    incident = services.workable(incident)
    seen = _newest(incident) - 1
    for person in named:
        _made, is_new = Watch.objects.get_or_create(incident=incident, person=person, defaults={"seen": seen})
        if is_new:
            events.record(incident, "watched", actor=by, at=at, person=person.pk)
    return named


def mentioned(text: str) -> list[User]:
    """The people who work incidents and are named in the text; a surname that two of them have names nobody."""
    names = {name.casefold() for name in _MENTION.findall(text)}
    if not names:
        return []
    people = list(get_user_model().objects.assignable().order_by("pk"))
    logins = {person.username.casefold(): person for person in people}
    surnames: dict[str, list[User]] = {}
    for person in people:
        surnames.setdefault(person.last_name.casefold(), []).append(person)
    found = [logins.get(name) or _only(surnames.get(name, [])) for name in sorted(names)]
    return list(dict.fromkeys(person for person in found if person))


def _only(people: Sequence[User]) -> User | None:
    return people[0] if len(people) == 1 else None


def look(incident: Incident, person: User, *, up_to: int | None = None) -> None:
    """The person has the incident before him, up to this event of it; None: to its newest."""
    mine = Watch.objects.filter(incident=incident, person=person)
    if mine:
        mine.update(seen=Greatest("seen", _newest(incident) if up_to is None else up_to))


@transaction.atomic
def look_at_all(person: User) -> int:
    """Everything is seen; returns on how many incidents something was."""
    fresh = list(_with_news(person).values_list("pk", "newest"))
    for pk, newest in fresh:
        Watch.objects.filter(pk=pk).update(seen=Greatest("seen", newest))
    return len(fresh)


def count(person: User) -> int:
    """Watched incidents on which others did something."""
    return _with_news(person).count()


def has_news(incident: Incident, watch: Watch) -> bool:
    return _news_of(watch.person).filter(incident=incident, pk__gt=watch.seen).exists()


def codes(person: User) -> list[str]:
    """What this person watches, the latest first: a page asks for news when something happens there."""
    return list(_watches(person).values_list("incident__code", flat=True)[: MOST * 5])


def news(person: User, *, after: int = 0, before: int | None = None, most: int | None = None) -> list[News]:
    """What others did on watched incidents since this person looked, the newest first: a page of it, or all that came
    after an event. A constant number of queries."""
    rows = _with_news(person).filter(newest__gt=after).order_by("-newest")
    if before:
        rows = rows.filter(newest__lt=before)
    watches = list(rows.select_related("incident__status")[: most or MOST])
    by_incident: dict[int, list[IncidentEvent]] = {}
    for event in _last_lines(person, watches, after) if watches else ():
        by_incident.setdefault(event.incident_id, []).append(event)
    said = _sentences(event for happened in by_incident.values() for event in happened)
    return [
        News(
            incident=each.incident,
            newest=happened[0],
            lines=[said[event.pk] for event in happened],
            more=happened[0].number - len(happened),  # type: ignore[attr-defined]
        )
        for each in watches
        if (happened := by_incident.get(each.incident_id))
    ]


def _last_lines(person: User, watches: Sequence[Watch], after: int) -> QuerySet[IncidentEvent]:
    """Of each incident the newest few, so that a flood on one of them hides no other; `number`: how many there are."""
    fresh = _news_of(person).filter(
        incident__watches__in=watches, pk__gt=Greatest(F("incident__watches__seen"), Value(after))
    )
    each = [F("incident")]
    ranked = fresh.annotate(
        rank=Window(RowNumber(), partition_by=each, order_by=F("pk").desc()),
        number=Window(Count("pk"), partition_by=each),
    )
    return ranked.filter(rank__lte=MOST_LINES).select_related("actor").order_by("-pk")


def _sentences(happened: Iterable[IncidentEvent]) -> dict[int, str]:
    rows = list(happened)
    return dict(zip((each.pk for each in rows), meanwhile.sentences(rows), strict=True))


def _watches(person: User) -> QuerySet[Watch]:
    return Watch.objects.filter(person=person).order_by("-pk")


def _news_of(person: User) -> QuerySet[IncidentEvent]:
    """Never one's own deeds."""
    return IncidentEvent.objects.filter(kind__in=NEWS).exclude(actor=person)


def _with_news(person: User) -> QuerySet[Any]:
    """One look into the index of the timeline for each watch."""
    last = _news_of(person).filter(incident=OuterRef("incident"), pk__gt=OuterRef("seen"))
    newest = Subquery(last.order_by("-pk").values("pk")[:1])
    return _watches(person).annotate(newest=newest).filter(newest__gt=F("seen"))


def _newest(incident: Incident) -> int:
    return incident.events.aggregate(newest=Max("pk"))["newest"] or 0
