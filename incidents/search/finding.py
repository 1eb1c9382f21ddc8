"""Incidents in which something was said, the newest saying first, in a time that does not grow with the letters.

Few matches (the database estimates how many): all of them are gathered. Few incidents among which to look: those are
looked through; a small part of all incidents: they are looked through from the one opened last on, in that order. Else
the matches are read in stretches of time, the newest first. Either ends when the page is full, or after so much work;
then the page says how far it looked, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from incidents.models import Incident
from incidents.paging import Cursor
from incidents.queries import IncidentQuerySet
from incidents.search.questions import Question
from incidents.search.sources import Match, Said, Stretch, estimate, matches, plan, planned, told_the_truth
from mailbox.models import Email

# Letters of so few incidents are read through faster than a frequent word is looked up.
FEW_INCIDENTS = 200
# Of all incidents; below it most matches would be found in vain.
NARROW = 0.25
READ_AT_ONCE, READ_TIMES = 120, 4
# By the planner's measure: more than an index scan of so few, less than reading the table.
CHEAP = 20_000
CHECKED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """As many matches as are gathered at once, and the stretches of matches otherwise."""

    few: int
    stretches: tuple[int, ...]


BY_INDEX = Pace(few=20_000, stretches=(150, 350, 1_300))
# The index knows the words of a phrase, not their order: every candidate is read.
BY_READING = Pace(few=700, stretches=(100, 250))


@dataclass(frozen=True, slots=True)
class Hit:
    """An incident, when it was said last, and the newest row of each kind that says it."""

    incident: int
    at: datetime
    rows: dict[Said, Match]

    @property
    def place(self) -> tuple[datetime, int]:
        return self.at, self.incident


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits. `after`: where the next one begins; `looked_back_to`: older ones were not looked at."""

    hits: list[Hit]
    after: Cursor | None = None
    looked_back_to: datetime | None = None


def find(question: Question, among: IncidentQuerySet, *, size: int, after: Cursor | None = None) -> Found:
    """The page behind the cursor, or the first one, of the incidents among which is looked."""
    if question.code:
        # Wherever it stands: who names an incident wants that one.
        return Found([Hit(each.pk, each.opened_at, {}) for each in Incident.objects.filter(code=question.code)])
    if question.words is None and question.places is None:
        return Found([])
    start = after if after and after.moment else None
    with told_the_truth():
        expected = estimate(question)
        pace = BY_READING if question.is_phrase else BY_INDEX
        if expected <= pace.few or question.is_phone:
            return _page(_allowed(_hits(matches(question, Stretch())), among), size, start)
        if few := _few(among):
            return _page(_hits(matches(question, Stretch(incidents=few))), size, start)
        if plan(among.order_by().values("pk"))[0] < NARROW * planned(Incident.objects.order_by().values("pk")):
            return _read(question, among, size, start)
        return _walk(question, among, pace, expected, size, start)


def matching(question: Question, among: IncidentQuerySet) -> set[int]:
    """Which of these incidents are found; they have to be few."""
    if question.code:
        return set(Incident.objects.filter(code=question.code).values_list("pk", flat=True))
    keys = list(among.values_list("pk", flat=True))
    return {each.incident for each in matches(question, Stretch(incidents=keys))} if keys else set()


def _hits(found: Iterable[Match]) -> dict[int, Hit]:
    hits: dict[int, Hit] = {}
    for match in found:
        hit = hits.get(match.incident)
        if hit is None:
            hits[match.incident] = Hit(match.incident, match.at, {match.said: match})
            continue
        best = hit.rows.get(match.said)
        if best is None or (match.at, match.row) > (best.at, best.row):
            hit.rows[match.said] = match
        if match.at > hit.at:
            hits[match.incident] = Hit(match.incident, match.at, hit.rows)
    return hits


def _allowed(hits: dict[int, Hit], among: IncidentQuerySet) -> dict[int, Hit]:
    """Those that the queue and the chips let through."""
    if not hits:
        return hits
    allowed = set(among.order_by().filter(pk__in=list(hits)).values_list("pk", flat=True))
    return {pk: hit for pk, hit in hits.items() if pk in allowed}


def _few(among: IncidentQuerySet) -> list[int]:
    """The incidents themselves where they are few and an index finds them; else nothing."""
    number, cost = plan(among.order_by().values("pk"))
    if number > FEW_INCIDENTS or cost > CHEAP:
        return []
    keys = list(among.order_by().values_list("pk", flat=True)[: FEW_INCIDENTS + 1])
    # None at all: nothing can be found among them, which a condition on no incident says.
    return (keys or [0]) if len(keys) <= FEW_INCIDENTS else []


def _page(hits: dict[int, Hit], size: int, start: Cursor | None) -> Found:
    """A page of hits that are all there are."""
    ordered = sorted(hits.values(), key=lambda each: each.place, reverse=True)
    if start:
        ordered = [each for each in ordered if each.place < (start.moment, start.pk)]
    return _cut(ordered, size)


def _cut(ordered: list[Hit], size: int) -> Found:
    shown = ordered[:size]
    more = len(ordered) > size
    return Found(shown, after=Cursor(shown[-1].at, shown[-1].incident) if more else None)


def _read(question: Question, among: IncidentQuerySet, size: int, start: Cursor | None) -> Found:
    """Incident by incident, the one opened last first."""
    found: list[tuple[Cursor, Hit]] = []
    end = start
    for _ in range(READ_TIMES):
        part = [Cursor(at, pk) for at, pk in _opened_before(among, end)[:READ_AT_ONCE].values_list("opened_at", "pk")]
        hits = _hits(matches(question, Stretch(incidents=[each.pk for each in part]))) if part else {}
        found += [(each, hits[each.pk]) for each in part if each.pk in hits]
        if len(found) > size:
            return Found([hit for _place, hit in found[:size]], after=found[size - 1][0])
        if len(part) < READ_AT_ONCE:
            return Found([hit for _place, hit in found])
        end = part[-1]
    return Found([hit for _place, hit in found], after=end, looked_back_to=end.moment if end else None)


def _opened_before(among: IncidentQuerySet, place: Cursor | None) -> IncidentQuerySet:
    rows = among.order_by("-opened_at", "-pk")
    if place is None or place.moment is None:
        return rows
    rows = rows.filter(opened_at__lte=place.moment)
    return rows.filter(Q(opened_at__lt=place.moment) | Q(pk__lt=place.pk))


def _walk(
    question: Question, among: IncidentQuerySet, pace: Pace, expected: int, size: int, start: Cursor | None
) -> Found:
    found: list[Hit] = []
    seen: set[int] = set()
    until = start.moment if start else None
    share = expected / max(planned(Email.objects.order_by().values("pk")), 1)
    for stretch in pace.stretches:
        since = _moment_back(until, round(stretch / max(share, 1e-6)))
        hits = _hits(matches(question, Stretch(since, until)))
        fresh = {pk: hit for pk, hit in hits.items() if pk not in seen}
        seen |= fresh.keys()
        ordered = sorted(_allowed(fresh, among).values(), key=lambda each: each.place, reverse=True)
        found += _not_yet_shown(question, ordered, size + 1 - len(found), start)
        if len(found) > size or since is None:
            return _cut(found, size)
        until = since
    end = Cursor(until, 0) if until else None
    return Found(found, after=end, looked_back_to=until)


def _moment_back(until: datetime | None, letters: int) -> datetime | None:
    """The moment so many letters before this one, or before now; None where there are not so many."""
    rows = Email.objects.order_by("-received_at", "-id").values_list("received_at", flat=True)
    if until is None:
        return next(iter(rows[letters : letters + 1]), None)
    # Any number of letters may have one moment; a stretch always ends before the moment where it begins.
    found = next(iter(rows.filter(received_at__lte=until)[letters : letters + 1]), None)
    return rows.filter(received_at__lt=until).first() if found == until else found


def _not_yet_shown(question: Question, ordered: list[Hit], wanted: int, start: Cursor | None) -> list[Hit]:
    """Of these the first that no earlier page had: nothing in them was said after the place where this page begins."""
    if start is None or start.moment is None:
        return ordered[:wanted]
    left: list[Hit] = []
    below = [each for each in ordered if each.place < (start.moment, start.pk)]
    for first in range(0, len(below), CHECKED_AT_ONCE):
        part = below[first : first + CHECKED_AT_ONCE]
        later = matches(question, Stretch(since=start.moment, incidents=[each.incident for each in part]))
        shown = {each.incident for each in later if (each.at, each.incident) >= (start.moment, start.pk)}
        left += [each for each in part if each.incident not in shown]
        if len(left) >= wanted:
            break
    return left[:wanted]
